using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Vault.Core.Errors;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Pipeline;

/// <summary>Reads a body up to its limit, then checks it. Nothing larger or deeper than allowed is ever held.</summary>
internal sealed class BodyReader(GatewayOptions options)
{
    public async Task<Result<byte[]>> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Request.ContentLength > options.MaxBody) return TooLarge();
        // Kestrel's own limit would answer before ours and in its own words.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature) feature.MaxRequestBodySize = options.MaxBody + 1;
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > options.MaxBody) return TooLarge();
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    public Result<Body> Parse(HttpContext http, byte[] bytes, IReadOnlyList<Field> fields)
    {
        // No body at all says the same as an empty object; what is required is then named.
        if (bytes.Length == 0) return BodyCheck.Read(Call.EmptyObject, fields);
        if (!IsJson(http.Request.ContentType)) return VaultError.Invalid("Content-Type", "must be application/json");
        try
        {
            using var document = JsonDocument.Parse(bytes, GatewayJson.Reading(options.MaxDepth));
            return BodyCheck.Read(document.RootElement.Clone(), fields);
        }
        catch (JsonException e)
        {
            // The parser's own message may quote the input, and the input may hold a secret.
            var place = e.LineNumber is { } line ? $" near line {line + 1}, byte {e.BytePositionInLine}" : "";
            return new VaultError(ErrorCatalogue.InvalidRequest, $"The body is not valid JSON{place}: check its syntax, that no name stands twice in an object, and that it is at most {options.MaxDepth} levels deep.");
        }
    }

    public static bool IsJson(string? contentType)
    {
        var type = contentType?.Split(';')[0].Trim();
        return string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase);
    }

    private VaultError TooLarge() => new(ErrorCatalogue.TooLarge, $"The body has more than {options.MaxBody} bytes.");
}
