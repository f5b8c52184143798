using System.Text.Json;
using System.Text.Unicode;

namespace Vault.Gateway.Http;

/// <summary>
/// Whether a body holds only text that is text. The parser takes malformed UTF-8 and half a surrogate pair in its
/// stride and throws when somebody reads that name or value, wherever that may be; so it is found out at the door.
/// </summary>
internal static class BodyText
{
    public static bool IsWellFormed(ReadOnlySpan<byte> body) =>
        Utf8.IsValid(body) && (body.IndexOf("\\u"u8) < 0 || EscapesAreWhole(body));

    private static bool EscapesAreWhole(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        try
        {
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (JsonException)
        {
            // Not JSON: the parser says where.
            return true;
        }
    }
}
