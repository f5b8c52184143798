using System.Text.Json;
using System.Text.Unicode;

namespace Vault.Gateway.Http;

/// <summary>
/// Checks that every string in a body is valid Unicode. The JSON parser accepts malformed UTF-8 and lone surrogates and
/// throws only when such a string is read. This check rejects them before any code reads the body.
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
            // Not JSON: the parser reports where.
            return true;
        }
    }
}
