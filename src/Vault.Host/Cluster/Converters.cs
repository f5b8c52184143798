using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Core.Errors;

namespace Vault.Host.Cluster;

/// <summary>
/// Converts a value that has a canonical string form. Reading calls the type's constructor, so a malformed value is
/// rejected. A struct's default value has no string form and cannot be written.
/// </summary>
internal sealed class TextConverter<T>(Func<string, T> read, Func<T, string?> write) : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return read(reader.GetString() ?? throw new JsonException($"A {typeof(T).Name} is missing."));
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new JsonException($"Not a {typeof(T).Name}.", e);
        }
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(
            write(value) ?? throw new JsonException($"A {typeof(T).Name} without a value cannot be sent.")
        );
}

/// <summary>A result is <c>{"value":…}</c> or <c>{"error":…}</c>.</summary>
internal sealed class ResultConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Result<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)
            Activator.CreateInstance(typeof(ResultConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed record Envelope<T>(T? Value, VaultError? Error);

    private sealed class ResultConverter<T> : JsonConverter<Result<T>>
    {
        public override Result<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var read = JsonSerializer.Deserialize<Envelope<T>>(ref reader, options)!;
            return read.Error is { } error ? error : read.Value!;
        }

        public override void Write(Utf8JsonWriter writer, Result<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, new Envelope<T>(value.IsOk ? value.Value : default, value.Error), options);
    }
}
