using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Vault.Core.Execution;

/// <summary>
/// SHA-256 of a tool's input in canonical form: members sorted by ordinal name, no white space, strings and numbers as
/// written. Two spellings of one input have one digest.
/// </summary>
public static class InputDigest
{
    // One buffer and one writer per thread. Safe because neither is used after the call that took it.
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? _writer;

    public static string Of(JsonElement input)
    {
        var (buffer, json) = _writer ??= NewWriter();
        try
        {
            Write(json, input);
            json.Flush();
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(buffer.WrittenSpan, digest);
            return Convert.ToHexStringLower(digest);
        }
        finally
        {
            // An input may hold personal data: the buffer is cleared, and a buffer of unusual size is released.
            buffer.Clear();
            json.Reset(buffer);
            if (buffer.Capacity > 64 * 1024)
                _writer = null;
        }
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) NewWriter()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        return (buffer, new Utf8JsonWriter(buffer));
    }

    private static void Write(Utf8JsonWriter writer, JsonProperty member)
    {
        writer.WritePropertyName(member.Name);
        Write(writer, member.Value);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                if (element.GetPropertyCount() < 2)
                {
                    foreach (var member in element.EnumerateObject())
                        Write(writer, member);
                }
                else
                {
                    foreach (var member in element.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                        Write(writer, member);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
