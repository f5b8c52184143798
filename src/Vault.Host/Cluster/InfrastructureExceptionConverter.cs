using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Core.Errors;
using Vault.Core.Sealing;

namespace Vault.Host.Cluster;

/// <summary>
/// Carries infrastructure exceptions across silos, including whether the write may have committed: a caller that
/// believes that nothing happened would repeat it. Other exceptions are bugs; Orleans serializes them in its own way.
/// </summary>
internal sealed class InfrastructureExceptionConverter : JsonConverter<Exception>
{
    private sealed record Summary(string Kind, string Message, bool MayHaveCommitted);

    public static bool Handles(Type type) =>
        type == typeof(StoreUnavailableException) || type == typeof(KeyServiceUnavailableException);

    public override bool CanConvert(Type typeToConvert) => Handles(typeToConvert);

    public override Exception Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var summary = JsonSerializer.Deserialize<Summary>(ref reader, options)!;
        return summary.Kind == nameof(KeyServiceUnavailableException)
            ? new KeyServiceUnavailableException(summary.Message)
            : new StoreUnavailableException(summary.Message, summary.MayHaveCommitted);
    }

    public override void Write(Utf8JsonWriter writer, Exception value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(
            writer,
            new Summary(
                value.GetType().Name,
                value.Message,
                value is StoreUnavailableException { MayHaveCommitted: true }
            ),
            options
        );
}
