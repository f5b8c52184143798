using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Core.Errors;
using Vault.Core.Sealing;

namespace Vault.Host.Cluster;

/// <summary>
/// Broken infrastructure, told on the other silo as it was: above all whether a write may have been committed, because a caller who is told that nothing happened
/// does it again. Other exceptions are bugs, and Orleans carries them in its own way.
/// </summary>
internal sealed class BrokenConverter : JsonConverter<Exception>
{
    private sealed record Told(string Kind, string Message, bool MayHaveCommitted);

    public static bool Knows(Type type) => type == typeof(StoreUnavailableException) || type == typeof(KeyServiceUnavailableException);

    public override bool CanConvert(Type typeToConvert) => Knows(typeToConvert);

    public override Exception Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var told = JsonSerializer.Deserialize<Told>(ref reader, options)!;
        return told.Kind == nameof(KeyServiceUnavailableException) ? new KeyServiceUnavailableException(told.Message) : new StoreUnavailableException(told.Message, told.MayHaveCommitted);
    }

    public override void Write(Utf8JsonWriter writer, Exception value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, new Told(value.GetType().Name, value.Message, value is StoreUnavailableException { MayHaveCommitted: true }), options);
}
