using System.Buffers;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Vault.Providers.Egress;

namespace Vault.Providers.Upstream;

/// <summary>
/// <c>multipart/form-data</c> as browsers send it (HTML "multipart/form-data encoding algorithm", RFC 7578): names and
/// file names in UTF-8 between quotation marks, of which <c>"</c>, CR and LF are percent-encoded; no <c>filename*</c>,
/// which RFC 7578 4.2 forbids; a field has no type, a file has one.
/// </summary>
internal sealed class MultipartBody
{
    private readonly ArrayBufferWriter<byte> _body = new();

    // Random, so that no content can hold it.
    private readonly string _boundary =
        "----VaultFormBoundary" + RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <param name="name">The field.</param>
    /// <param name="value">Its text.</param>
    /// <param name="mediaType">A type that the description of the API asks for; a browser sends none.</param>
    public void Field(string name, string value, string? mediaType = null) =>
        Part($"name=\"{Escaped(name)}\"", mediaType, Encoding.UTF8.GetBytes(value));

    public void File(string name, string fileName, string mediaType, ReadOnlySpan<byte> content) =>
        Part($"name=\"{Escaped(name)}\"; filename=\"{Escaped(fileName)}\"", mediaType, content);

    public TrackedContent Take()
    {
        Write("--" + _boundary + "--\r\n");
        var content = new TrackedContent(_body.WrittenSpan.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("multipart/form-data")
        {
            Parameters = { new NameValueHeaderValue("boundary", _boundary) },
        };
        return content;
    }

    private void Part(string disposition, string? mediaType, ReadOnlySpan<byte> content)
    {
        Write("--" + _boundary + "\r\nContent-Disposition: form-data; " + disposition + "\r\n");
        if (mediaType is not null)
            Write("Content-Type: " + mediaType + "\r\n");
        Write("\r\n");
        _body.Write(content);
        Write("\r\n");
    }

    private void Write(string text) => _body.Write(Encoding.UTF8.GetBytes(text));

    private static string Escaped(string name) =>
        name.Replace("\"", "%22", StringComparison.Ordinal)
            .Replace("\r", "%0D", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);
}
