using System.IO.Compression;
using System.Net.Http.Headers;

namespace Vault.Providers.Upstream;

/// <summary>Undoes the content encodings of a response (RFC 9110 8.4), the last applied first.</summary>
internal static class ContentEncodings
{
    /// <returns>The decoded stream (the same one without an encoding), and the encodings that remain because nobody
    /// here knows them; null for none.</returns>
    public static async Task<(Stream Stream, string? Unknown)> UndoAsync(
        Stream stream,
        HttpContentHeaders headers,
        int limit,
        CancellationToken cancellationToken
    )
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var values))
            return (stream, null);
        var names = string.Join(',', (IEnumerable<string>)values)
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(n => n.ToLowerInvariant())
            .Where(n => n is not ("identity" or "none" or "utf-8"))
            .ToList();
        while (names.Count > 0)
        {
            switch (names[^1])
            {
                case "gzip" or "x-gzip":
                    stream = new GZipStream(stream, CompressionMode.Decompress);
                    break;
                case "deflate" or "x-deflate":
                    stream = await InflateAsync(stream, limit, cancellationToken);
                    break;
                case "br":
                    stream = new BrotliStream(stream, CompressionMode.Decompress);
                    break;
                default:
                    return (stream, string.Join(", ", names));
            }

            names.RemoveAt(names.Count - 1);
        }

        return (stream, null);
    }

    /// <summary>
    /// With or without the zlib header (RFC 1950 2.2), as its first two bytes show. The vault does not ask for this
    /// encoding, so a copy in memory costs nothing that is usual.
    /// </summary>
    private static async Task<Stream> InflateAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        var packed = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (packed.Length < limit && await stream.ReadAsync(buffer, cancellationToken) is var read and > 0)
            packed.Write(buffer, 0, read);
        await stream.DisposeAsync();
        packed.Position = 0;
        var head = packed.GetBuffer().AsSpan(0, (int)Math.Min(2, packed.Length));
        return head is [var method, var flags] && (method & 0x0F) == 8 && ((method << 8) | flags) % 31 == 0
            ? new ZLibStream(packed, CompressionMode.Decompress)
            : new DeflateStream(packed, CompressionMode.Decompress);
    }
}
