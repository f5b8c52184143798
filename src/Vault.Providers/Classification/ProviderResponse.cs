using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Providers.Classification;

/// <summary>The parts of a provider's response that the classification needs.</summary>
/// <param name="Header">All values of a header joined by commas; null when absent.</param>
/// <param name="Body">Undefined if the body is not a JSON object or array.</param>
internal sealed record ProviderResponse(int Status, Func<string, string?> Header, JsonElement Body)
{
    public bool IsSuccess => Status is >= 200 and <= 299;

    /// <summary>
    /// A transient status never ends a grant (law 6), whatever its body says, unless the rule names that very status
    /// together with the body. A rule written for the provider's errors must not match a gateway's response.
    /// </summary>
    public bool Excludes(ErrorRule rule) =>
        rule.Meaning == AnswerMeaning.GrantDead
        && rule.When.Status.Length == 0
        && Status is 408 or 425 or 429 or >= 500;

    public static Func<string, string?> HeadersOf(HttpResponseMessage response) =>
        name =>
            response.Headers.TryGetValues(name, out var values)
            || response.Content.Headers.TryGetValues(name, out values)
                ? string.Join(", ", values)
                : null;

    /// <summary>
    /// Parses a JSON body, or converts a form body to JSON strings (RFC 6749 responses of old providers); undefined for
    /// anything else.
    /// </summary>
    /// <param name="body">The bytes.</param>
    /// <param name="type">The declared type.</param>
    /// <param name="scalars">Whether a string, a number, true, false or null counts as well (RFC 8259 2).</param>
    /// <param name="anyForm">For responses of token endpoints: forms and XML are recognized by what they contain, because
    /// many come as text/plain, text/html or without a type.</param>
    public static JsonElement Parse(byte[] body, MediaTypeHeaderValue? type, bool scalars = false, bool anyForm = false)
    {
        try
        {
            // RFC 8259 8.1: a parser may ignore a byte order mark.
            var start = body.AsSpan().StartsWith(JsonText.Mark) ? JsonText.Mark.Length : 0;
            if (
                body.AsSpan(start).TrimStart(" \t\r\n"u8) is { Length: > 0 } text
                && (scalars || text[0] is (byte)'{' or (byte)'[')
            )
            {
                var json = JsonText.Repair(body);
                var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
                var element = JsonElement.ParseValue(ref reader);
                return reader.BytesConsumed <= json.Length && OnlySpace(json.AsSpan((int)reader.BytesConsumed))
                    ? element
                    : default;
            }

            if (type?.MediaType is "application/x-www-form-urlencoded")
                return FromForm(Encoding.UTF8.GetString(body));
            if (anyForm)
                return TokenText.Parse(Encoding.UTF8.GetString(body, start, body.Length - start).Trim());
        }
        catch (JsonException) { }

        return default;
    }

    private static bool OnlySpace(ReadOnlySpan<byte> rest) => rest.Trim(" \t\r\n"u8).Length == 0;

    internal static JsonElement FromForm(string text)
    {
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.Trim().Split(['&', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = pair.IndexOf('=', StringComparison.Ordinal);
            if (cut > 0)
                members.TryAdd(Decode(pair[..cut]), Decode(pair[(cut + 1)..]));
        }

        return members.Count == 0 ? default : JsonSerializer.SerializeToElement(members);

        static string Decode(string s) => Uri.UnescapeDataString(s.Replace('+', ' '));
    }
}
