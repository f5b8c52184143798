using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Vault.Core.Templates;
using Vault.Providers.Classification;

namespace Vault.Providers.Upstream;

/// <summary>A body as it was read: whole, or its beginning where it is longer than may be read.</summary>
internal sealed class ResponseBody
{
    /// <summary>What may be asked for, since it can be undone.</summary>
    public const string Encodings = "gzip, deflate, br";

    private const int FirstRead = 16 * 1024;

    private readonly byte[] _bytes;
    private readonly bool _whole;
    private readonly System.Net.Http.Headers.MediaTypeHeaderValue? _type;

    private ResponseBody(byte[] bytes, bool whole, System.Net.Http.Headers.MediaTypeHeaderValue? type)
    {
        Json = whole ? Answer.Parse(bytes, IsJson(type) ? type : null) : default;
        // Only what is JSON: in a file every byte counts.
        _bytes = Json.ValueKind != JsonValueKind.Undefined || IsJson(type) ? JsonText.Mend(bytes) : bytes;
        (_whole, _type) = (whole, type);
    }

    public string? ContentType => _type?.ToString();

    /// <summary>The JSON of the whole body; undefined where it is no JSON or was not read to its end.</summary>
    public JsonElement Json { get; }

    public static async Task<ResponseBody> ReadAsync(
        HttpResponseMessage response,
        int readCap,
        CredentialRedactor redactor,
        CancellationToken cancellationToken
    )
    {
        var raw = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var stream = Decoded(raw, response.Content.Headers);
        // As large as announced (after decompression nothing is), so that an ordinary answer costs one array; no larger
        // than this at first, whatever a stranger announces.
        var announced = ReferenceEquals(stream, raw) ? response.Content.Headers.ContentLength : null;
        var buffer = new byte[Math.Clamp(announced ?? FirstRead, 1, FirstRead)];
        var length = 0;
        // The cap counts bytes after decompression, so a small response cannot swell without end. Reading stops one byte
        // behind it, and as many more as are needed to see a credential that the cap would divide.
        var limit = readCap + 1 + redactor.Overlap;
        while (length < limit && length != announced)
        {
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(Math.Max(length * 2L, FirstRead), limit));
            var read = 0;
            try
            {
                read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            }
            catch (InvalidOperationException e) when (stream is BrotliStream)
            {
                // How this one says it; the others name the data.
                throw new InvalidDataException("The body is no Brotli.", e);
            }

            if (read == 0)
                break;
            length += read;
        }

        var whole = length <= readCap;
        var type = response.Content.Headers.ContentType;
        var bytes = redactor.Redact(length == buffer.Length ? buffer : buffer[..length]);
        if (IsJson(type) || LooksLikeJson(bytes))
            bytes = redactor.RedactJson(bytes);
        return new ResponseBody(whole || bytes.Length <= readCap ? bytes : bytes[..readCap], whole, type);
    }

    // As Answer.Parse takes it for JSON, whatever the type says.
    private static bool LooksLikeJson(ReadOnlySpan<byte> bytes) =>
        bytes.TrimStart(BeforeJson) is [(byte)'{' or (byte)'[', ..];

    private static ReadOnlySpan<byte> BeforeJson => [(byte)' ', (byte)'\t', (byte)'\r', (byte)'\n', 0xEF, 0xBB, 0xBF];

    // RFC 9110 8.4: the encoding that was applied last. What is left after it, or an unknown one, leaves bytes that are
    // no JSON, and are judged as such.
    private static Stream Decoded(Stream stream, System.Net.Http.Headers.HttpContentHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var values))
            return stream;
        return values.ToString().Split(',')[^1].Trim().ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(stream, CompressionMode.Decompress),
            "deflate" => new ZLibStream(stream, CompressionMode.Decompress),
            "br" => new BrotliStream(stream, CompressionMode.Decompress),
            _ => stream,
        };
    }

    /// <summary>
    /// The data for the caller, at most <paramref name="cap"/> bytes of it, and the whole for the output handle where
    /// it was cut.
    /// </summary>
    public (JsonElement? Data, bool Truncated, ReadOnlyMemory<byte> Complete) Render(
        int cap,
        ValuePath? part,
        System.Collections.Immutable.ImmutableArray<ValuePath> drop
    )
    {
        if (_bytes.Length == 0)
            return (null, false, default);
        var json = Json;
        if (json.ValueKind != JsonValueKind.Undefined && part?.First(json) is { } inner)
            json = inner;
        if (json.ValueKind != JsonValueKind.Undefined)
        {
            if (drop.Length > 0)
            {
                var less = JsonDrop.Write(json, drop);
                return less.Length <= cap ? (Parse(less), false, default) : (Parse(JsonCut.Cut(less, cap)), true, less);
            }

            // Without a part the text is the provider's own; it need not be written anew to be measured.
            if (part is null && _bytes.Length <= cap)
                return (json, false, default);
            var text = part is null ? _bytes : Encoding.UTF8.GetBytes(json.GetRawText());
            return text.Length <= cap ? (json, false, default) : (Parse(JsonCut.Cut(text, cap)), true, text);
        }

        if (!_whole && IsJson(_type) && JsonCut.Cut(_bytes, cap) is { Length: > 0 } cut)
            return (Parse(cut), true, _bytes);
        if (IsText(_type) && Utf8(_bytes) is { } plain)
        {
            var truncated = !_whole || _bytes.Length > cap;
            return (
                JsonSerializer.SerializeToElement(truncated ? Shorten(plain, cap) : plain),
                truncated,
                truncated ? _bytes : default(ReadOnlyMemory<byte>)
            );
        }

        var (length, shortened) = ((int)Math.Min(_bytes.Length, cap / 4L * 3), _bytes.Length > cap / 4 * 3 || !_whole);
        var data = JsonSerializer.SerializeToElement(
            new Dictionary<string, string>
            {
                ["content_type"] = ContentType ?? "application/octet-stream",
                ["base64"] = Convert.ToBase64String(_bytes, 0, length),
            }
        );
        return (data, shortened, shortened ? _bytes : default(ReadOnlyMemory<byte>));
    }

    private static JsonElement? Parse(byte[] json)
    {
        if (json.Length == 0)
            return null;
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }

    private static bool IsJson(System.Net.Http.Headers.MediaTypeHeaderValue? type) =>
        type?.MediaType is { } media
        && (
            media.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase)
            || media.Equals("text/json", StringComparison.OrdinalIgnoreCase)
        );

    private static bool IsText(System.Net.Http.Headers.MediaTypeHeaderValue? type) =>
        type?.MediaType is { } media
        && (
            media.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || IsJson(type)
            || media.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
            || media.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
        );

    private static string? Utf8(byte[] bytes)
    {
        // A character cut in two at the read cap is no reason to call text binary.
        var end = bytes.Length;
        for (var back = 0; back < 3 && end > 0 && (bytes[end - 1] & 0xC0) == 0x80; back++)
            end--;
        if (end > 0 && bytes[end - 1] >= 0xC0)
            end--;
        else
            end = bytes.Length;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            try
            {
                return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, end);
            }
            catch (DecoderFallbackException)
            {
                return null;
            }
        }
    }

    private static string Shorten(string text, int cap)
    {
        if (text.Length <= cap)
            return text;
        return char.IsHighSurrogate(text[cap - 1]) ? text[..(cap - 1)] : text[..cap];
    }
}
