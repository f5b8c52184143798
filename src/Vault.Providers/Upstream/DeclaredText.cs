using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Vault.Providers.Upstream;

/// <summary>
/// What a body is by its declared type, and its text in UTF-8. Only a declared charset is believed (a byte order mark,
/// the type's parameter, the declaration of an XML or HTML document): a guess would change bytes.
/// </summary>
internal static partial class DeclaredText
{
    private const int DeclarationLength = 1024;

    // The names that occur and that the framework does not know. WHATWG Encoding: what says ISO-8859-1 or ASCII is
    // windows-1252, which differs only where those two have control characters.
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["utf8"] = "utf-8",
        ["utf-8-sig"] = "utf-8",
        ["utf16"] = "utf-16",
        ["utf-16le"] = "utf-16",
        ["utf16le"] = "utf-16",
        ["utf-16be"] = "utf-16BE",
        ["ucs-2"] = "utf-16",
        ["utf32"] = "utf-32",
        ["iso-8859-1"] = "windows-1252",
        ["iso8859-1"] = "windows-1252",
        ["iso_8859-1"] = "windows-1252",
        ["iso88591"] = "windows-1252",
        ["latin1"] = "windows-1252",
        ["latin-1"] = "windows-1252",
        ["l1"] = "windows-1252",
        ["us-ascii"] = "windows-1252",
        ["ascii"] = "windows-1252",
        ["cp1252"] = "windows-1252",
        ["ansi"] = "windows-1252",
        ["cp1250"] = "windows-1250",
        ["cp1251"] = "windows-1251",
        ["latin2"] = "iso-8859-2",
        ["latin9"] = "iso-8859-15",
        ["latin-9"] = "iso-8859-15",
        ["iso8859-2"] = "iso-8859-2",
        ["iso8859-15"] = "iso-8859-15",
        ["sjis"] = "shift_jis",
        ["shift-jis"] = "shift_jis",
        ["x-sjis"] = "shift_jis",
        ["windows-31j"] = "shift_jis",
        ["ms932"] = "shift_jis",
        ["cp932"] = "shift_jis",
        ["eucjp"] = "euc-jp",
        ["euckr"] = "euc-kr",
        ["cp949"] = "ks_c_5601-1987",
        ["gbk"] = "gb18030",
        ["gb2312"] = "gb18030",
        ["cp936"] = "gb18030",
        ["big5-hkscs"] = "big5",
        ["cp950"] = "big5",
        ["koi8r"] = "koi8-r",
    };

    /// <summary>The declared type. A header that does not parse (<c>text/csv; charset</c>) still names its
    /// type.</summary>
    public static MediaTypeHeaderValue? TypeOf(HttpContentHeaders headers)
    {
        if (headers.ContentType is { } type)
            return type;
        if (!headers.NonValidated.TryGetValues("Content-Type", out var values))
            return null;
        var text = values.ToString();
        if (!MediaTypeHeaderValue.TryParse(text.Split([';', ','])[0].Trim(), out var bare))
            return null;
        if (Charset().Match(text) is { Success: true } match)
            bare.CharSet = match.Groups[1].Value;
        return bare;
    }

    public static bool IsJson(MediaTypeHeaderValue? type) =>
        type?.MediaType?.ToLowerInvariant() is { } media
        && (
            media is "application/json" or "text/json" or "application/x-json" or "text/x-json"
            || media.EndsWith("+json", StringComparison.Ordinal)
        );

    public static bool IsText(MediaTypeHeaderValue? type) =>
        type?.MediaType?.ToLowerInvariant() is { } media
        && (
            media.StartsWith("text/", StringComparison.Ordinal)
            || media.StartsWith("message/", StringComparison.Ordinal)
            || media.StartsWith("multipart/", StringComparison.Ordinal)
            || IsJson(type)
            || Array.Exists(TextEnds, e => media.EndsWith(e, StringComparison.Ordinal))
        );

    private static readonly string[] TextEnds =
    [
        "xml",
        "yaml",
        "yml",
        "json-seq",
        "ndjson",
        "jsonl",
        "json-lines",
        "jsonlines",
        "csv",
        "javascript",
        "ecmascript",
        "typescript",
        "graphql",
        "graphql-response",
        "toml",
        "/sql",
        "x-sh",
        "x-www-form-urlencoded",
        "/jwt",
        "/jose",
        "/rtf",
        "x-tex",
        "x-latex",
        "x-subrip",
        "pem-file",
        "pem-certificate-chain",
        "sparql-query",
        "n-triples",
        "n-quads",
        "trig",
        "event-stream",
        "x-ldif",
        "x-httpd-php",
    ];

    /// <summary>
    /// The bytes of text as UTF-8. The same array where it is UTF-8 already, or where no known charset
    /// is declared.
    /// </summary>
    public static byte[] ToUtf8(byte[] bytes, MediaTypeHeaderValue? type)
    {
        if (Marked(bytes) is { } marked)
            return Convert(bytes, marked);
        if (!IsText(type))
            return bytes;
        var name = type!.CharSet?.Trim('"', '\'', ' ') is { Length: > 0 } declared ? declared : Inside(bytes, type);
        return name is not null && Find(name) is { } encoding and not UTF8Encoding ? Convert(bytes, encoding) : bytes;
    }

    /// <summary>Whether bytes may be text: they hold none of the control characters that no text holds.</summary>
    public static bool HasNoControls(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\r' or (byte)'\n' or 0x0C) or 0x7F)
                return false;
        return true;
    }

    private static Encoding? Marked(ReadOnlySpan<byte> bytes) =>
        bytes is [0xFF, 0xFE, 0, 0, ..] ? Encoding.UTF32
        : bytes is [0xFF, 0xFE, ..] ? Encoding.Unicode
        : bytes is [0xFE, 0xFF, ..] ? Encoding.BigEndianUnicode
        : null;

    private static byte[] Convert(byte[] bytes, Encoding encoding)
    {
        var text = encoding.GetString(bytes);
        return Encoding.UTF8.GetBytes(text.StartsWith('\uFEFF') ? text[1..] : text);
    }

    private static Encoding? Find(string name)
    {
        try
        {
            var known = Names.GetValueOrDefault(name, name);
            return CodePagesEncodingProvider.Instance.GetEncoding(known) ?? Encoding.GetEncoding(known);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // XML 1.0 4.3.3, HTML 13.2.3.2: a document without a charset in its type declares it itself.
    private static string? Inside(byte[] bytes, MediaTypeHeaderValue type)
    {
        var xml = type.MediaType!.EndsWith("xml", StringComparison.OrdinalIgnoreCase);
        if (!xml && !type.MediaType.EndsWith("html", StringComparison.OrdinalIgnoreCase))
            return null;
        var start = Encoding.Latin1.GetString(bytes, 0, Math.Min(bytes.Length, DeclarationLength));
        var match = xml ? XmlDeclaration().Match(start) : MetaCharset().Match(start);
        return match.Success ? match.Groups[1].Value : null;
    }

    [GeneratedRegex("charset\\s*=\\s*[\"']?([A-Za-z0-9_.:-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Charset();

    [GeneratedRegex("^\\s*<\\?xml\\b[^>]*\\bencoding\\s*=\\s*[\"']([A-Za-z0-9_.:-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex XmlDeclaration();

    [GeneratedRegex("<meta\\b[^>]*\\bcharset\\s*=\\s*[\"']?([A-Za-z0-9_.:-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex MetaCharset();
}
