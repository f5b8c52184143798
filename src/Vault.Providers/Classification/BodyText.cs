using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Providers.Classification;

/// <summary>
/// Turns the bytes of a token response into UTF-8 text. A token endpoint that was called has acted, so its response is
/// read in whatever encoding it comes: also in one that was not asked for, and also when a header is wrong.
/// </summary>
internal static class BodyText
{
    /// <summary>More layers than this are no honest response.</summary>
    private const int MaxLayers = 3;

    /// <summary>
    /// Undoes content encodings. Null when the decoded body would be larger than <paramref name="max"/>. A body that is
    /// not what the header says is returned as it is.
    /// </summary>
    public static byte[]? Decode(byte[] body, HttpContentHeaders headers, int max)
    {
        var declared = headers.NonValidated.TryGetValues("Content-Encoding", out var values)
            ? values.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : [];
        // RFC 9110 8.4: listed in the order in which they were applied.
        foreach (var coding in declared.Reverse().Take(MaxLayers))
        {
            if (Undo(body, coding.ToLowerInvariant(), max) is not { } decoded)
                return null;
            body = decoded;
        }

        // Servers behind some proxies compress without saying so. No text begins with the marks of gzip.
        return body is [0x1F, 0x8B, 8, ..] ? Undo(body, "gzip", max) : body;
    }

    /// <summary>Converts a body of another character set to UTF-8; returns the same array if it is UTF-8.</summary>
    public static byte[] ToUtf8(byte[] body, MediaTypeHeaderValue? type) =>
        Charset(body, type?.CharSet) is { } encoding ? Encoding.UTF8.GetBytes(encoding.GetString(body)) : body;

    private static byte[]? Undo(byte[] body, string coding, int max) =>
        coding switch
        {
            "gzip" or "x-gzip" => Read(body, s => new GZipStream(s, CompressionMode.Decompress), max) ?? body,
            "br" => Read(body, s => new BrotliStream(s, CompressionMode.Decompress), max) ?? body,
            // RFC 9110 8.4.1.2 means zlib; some servers send the bare stream.
            "deflate" => Read(body, s => new ZLibStream(s, CompressionMode.Decompress), max)
                ?? Read(body, s => new DeflateStream(s, CompressionMode.Decompress), max)
                ?? body,
            _ => body,
        }
            is { } decoded
        && decoded.Length <= max
            ? decoded
            : null;

    private static byte[]? Read(byte[] body, Func<Stream, Stream> open, int max)
    {
        var buffer = new byte[max + 1];
        try
        {
            using var stream = open(new MemoryStream(body, writable: false));
            var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length == 0 ? null : buffer[..length];
        }
        // InvalidOperationException is the one of the Brotli decoder.
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or IOException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    /// <summary>Null for UTF-8, and for a name that is not known.</summary>
    private static Encoding? Charset(byte[] body, string? name)
    {
        // A byte order mark, or the zero bytes of ASCII in UTF-16, is surer than a header.
        switch (body)
        {
            case [0xEF, 0xBB, 0xBF, ..]:
                return null;
            case [0xFF, 0xFE, 0, 0, ..]:
                return new UTF32Encoding(bigEndian: false, byteOrderMark: true);
            case [0xFF, 0xFE, ..] or [> 0, 0, > 0, 0, ..]:
                return Encoding.Unicode;
            case [0xFE, 0xFF, ..] or [0, > 0, 0, > 0, ..]:
                return Encoding.BigEndianUnicode;
        }

        name = name?.Trim('"', '\'', ' ');
        if (string.IsNullOrEmpty(name) || name.Equals("utf8", StringComparison.OrdinalIgnoreCase))
            return null;
        try
        {
            var known = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
            return known.CodePage is 65001 or 20127 ? null : known;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
