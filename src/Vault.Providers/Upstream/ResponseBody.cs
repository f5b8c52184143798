using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vault.Core.Templates;
using Vault.Providers.Classification;

namespace Vault.Providers.Upstream;

/// <summary>A response body, complete or truncated at the read cap; text is UTF-8 from here on.</summary>
internal sealed class ResponseBody
{
    /// <summary>
    /// The content encodings that a request asks for. Not deflate: servers send it with and without the zlib header
    /// (RFC 9110 8.4.1.2).
    /// </summary>
    public const string Encodings = "gzip, br";

    private const int FirstRead = 16 * 1024;

    private readonly byte[] _bytes;
    private readonly bool _complete;
    private readonly MediaTypeHeaderValue? _type;
    private readonly string? _encoding;

    private ResponseBody(byte[] bytes, bool complete, MediaTypeHeaderValue? type, string? encoding)
    {
        Json =
            complete && encoding is null
                ? ProviderResponse.Parse(bytes, DeclaredText.IsJson(type) ? type : null, DeclaredText.IsJson(type))
                : default;
        // Repair only JSON: a file must stay byte for byte.
        _bytes =
            encoding is null && (Json.ValueKind != JsonValueKind.Undefined || DeclaredText.IsJson(type))
                ? JsonText.Repair(bytes)
                : bytes;
        (_complete, _type, _encoding) = (complete, type, encoding);
    }

    /// <summary>A body that is not encoded as its headers say.</summary>
    public static ResponseBody None { get; } = new([], true, null, null);

    public bool IsComplete => _complete;

    /// <summary>The declared type; of text with the charset that it has here.</summary>
    public string? ContentType
    {
        get
        {
            if (_encoding is not null || DeclaredText.IsJson(_type))
                return _type?.ToString();
            if (Text() is null)
                return _type?.ToString();
            return (_type?.MediaType ?? "text/plain") + "; charset=utf-8";
        }
    }

    /// <summary>The JSON of a complete body; undefined if it is not JSON or was truncated.</summary>
    public JsonElement Json { get; }

    public static async Task<ResponseBody> ReadAsync(
        HttpResponseMessage response,
        int readCap,
        CredentialRedactor redactor,
        Func<long, Task>? beforeLarge,
        CancellationToken cancellationToken
    )
    {
        var raw = await response.Content.ReadAsStreamAsync(cancellationToken);
        // The cap counts decompressed bytes, so a small compressed response cannot expand without limit. Reading stops
        // one byte after it, plus as many as are needed to recognize a credential that the cap would divide (a
        // character has up to four bytes before it is UTF-8).
        var limit = readCap + 1 + (4 * redactor.Overlap);
        var (stream, unknown) = await ContentEncodings.UndoAsync(
            raw,
            response.Content.Headers,
            limit,
            cancellationToken
        );
        await using var disposed = stream;
        // The buffer starts with the announced length (unknown after decompression), so that an ordinary response needs
        // one array. It is capped, because the server can announce any length.
        var announced = ReferenceEquals(stream, raw) ? response.Content.Headers.ContentLength : null;
        var buffer = new byte[Math.Clamp(announced ?? FirstRead, 1, FirstRead)];
        var length = 0;
        while (length < limit && length != announced)
        {
            if (length == buffer.Length && length >= AnswerBudget.Free && beforeLarge is not null)
            {
                await beforeLarge(Math.Min(announced ?? limit, limit));
                beforeLarge = null;
            }

            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(Math.Max(length * 2L, FirstRead), limit));
            var read = 0;
            try
            {
                read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            }
            catch (InvalidOperationException e) when (stream is BrotliStream)
            {
                // The exception of this decoder; the others throw InvalidDataException.
                throw new InvalidDataException("The body is not valid Brotli.", e);
            }

            if (read == 0)
                break;
            length += read;
        }

        var whole = length <= readCap;
        var type = DeclaredText.TypeOf(response.Content.Headers);
        var bytes = length == buffer.Length ? buffer : buffer[..length];
        // Before the search: a credential in UTF-16 has other bytes.
        if (unknown is null)
            bytes = DeclaredText.ToUtf8(bytes, type);
        bytes = redactor.Redact(bytes);
        if (DeclaredText.IsJson(type) || LooksLikeJson(bytes))
            bytes = redactor.RedactJson(bytes);
        return new ResponseBody(whole || bytes.Length <= readCap ? bytes : bytes[..readCap], whole, type, unknown);
    }

    // ProviderResponse.Parse parses such a body as JSON, whatever its type is.
    private static bool LooksLikeJson(ReadOnlySpan<byte> bytes) =>
        bytes.TrimStart(BeforeJson) is [(byte)'{' or (byte)'[', ..];

    private static ReadOnlySpan<byte> BeforeJson => [(byte)' ', (byte)'\t', (byte)'\r', (byte)'\n', 0xEF, 0xBB, 0xBF];

    /// <summary>
    /// The data for the caller, at most <paramref name="cap"/> bytes, and, if it was truncated, the complete data for
    /// the output handle.
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

            // Without a part the text stays as the provider sent it; its length is known without serializing it again.
            if (part is null && _bytes.Length <= cap)
                return (json, false, default);
            var text = part is null ? _bytes : Encoding.UTF8.GetBytes(json.GetRawText());
            return text.Length <= cap ? (json, false, default) : (Parse(JsonCut.Cut(text, cap)), true, text);
        }

        if (
            !_complete
            && _encoding is null
            && DeclaredText.IsJson(_type)
            && JsonCut.Cut(_bytes, cap) is { Length: > 0 } cut
        )
            return (Parse(cut), true, _bytes);
        if (Text() is { } plain)
        {
            var truncated = !_complete || _bytes.Length > cap;
            return (
                JsonSerializer.SerializeToElement(truncated ? Shorten(plain, cap) : plain),
                truncated,
                truncated ? _bytes : default(ReadOnlyMemory<byte>)
            );
        }

        var (length, shortened) = (
            (int)Math.Min(_bytes.Length, cap / 4L * 3),
            _bytes.Length > cap / 4 * 3 || !_complete
        );
        var binary = new Dictionary<string, string>
        {
            ["content_type"] = _type?.ToString() ?? "application/octet-stream",
            ["base64"] = Convert.ToBase64String(_bytes, 0, length),
        };
        if (_encoding is not null)
            binary["content_encoding"] = _encoding;
        var data = JsonSerializer.SerializeToElement(binary);
        return (data, shortened, shortened ? _bytes : default(ReadOnlyMemory<byte>));
    }

    private static JsonElement? Parse(byte[] json)
    {
        if (json.Length == 0)
            return null;
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>The body as text; null for anything else. Without a declared type it must look like text.</summary>
    private string? Text() =>
        _encoding is null
        && (DeclaredText.IsText(_type) || (_type is null && DeclaredText.HasNoControls(_bytes)))
        && Utf8(_bytes) is { } text
            ? text.TrimStart('\uFEFF')
            : null;

    private static string? Utf8(byte[] bytes)
    {
        // A character split at the read cap does not make the text binary.
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
