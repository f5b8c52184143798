using System.Globalization;

namespace Vault.Core.Packs.Schema;

/// <summary>The supported formats. Compiling rejects a schema with any other format.</summary>
internal static class SchemaFormats
{
    public static readonly IReadOnlyList<string> Known = ["date-time", "date", "email", "uri", "uuid"];

    private static readonly string[] DateTimes =
    [
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd't'HH:mm:ssK",
        "yyyy-MM-dd' 'HH:mm:ssK",
    ];

    public static bool Fits(string format, string text) =>
        format switch
        {
            // RFC 3339 requires an offset; a local time without one is rejected.
            "date-time" => (
                text.EndsWith('Z')
                || text.EndsWith('z')
                || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':')
            )
                && DateTimeOffset.TryParseExact(
                    text.ToUpperInvariant(),
                    DateTimes,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.None,
                    out _
                ),
            "date" => DateOnly.TryParseExact(
                text,
                "yyyy-MM-dd",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out _
            ),
            "email" => IsEmail(text),
            "uri" => Uri.TryCreate(text, UriKind.Absolute, out var uri)
                && text.Contains(':', StringComparison.Ordinal)
                && !text.Any(c => c <= ' ')
                && uri.Scheme.Length > 0
                && text.StartsWith(uri.Scheme + ":", StringComparison.OrdinalIgnoreCase),
            "uuid" => text.Length == 36 && Guid.TryParseExact(text, "D", out _),
            _ => true,
        };

    public static string Advice(string format) =>
        format switch
        {
            "date-time" => "is not a date-time; write it like 2030-01-31T09:00:00Z (an offset is needed)",
            "date" => "is not a date; write it like 2030-01-31",
            "email" => "is not an e-mail address",
            "uri" => "is not an absolute URI; begin with a scheme such as https:",
            _ => "is not a UUID; write it like 123e4567-e89b-12d3-a456-426614174000",
        };

    private static bool IsEmail(string text)
    {
        var at = text.LastIndexOf('@');
        return at > 0
            && at <= 64
            && at < text.Length - 1
            && text.Length <= 254
            && !text.Any(c => c <= ' ' || c is '<' or '>' or '(' or ')' or ',' or ';' or ':' or '"' or '\\')
            && text.IndexOf('@', StringComparison.Ordinal) == at
            && text[(at + 1)..].Split('.').All(label => label.Length is > 0 and <= 63);
    }
}
