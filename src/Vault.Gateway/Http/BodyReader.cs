using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>Reads a body up to its limit, then checks it. A larger or deeper body is never held in memory.</summary>
internal sealed class BodyReader(GatewayOptions options)
{
    private const int FirstRead = 16 * 1024;

    public static async Task<Result<byte[]>> ReadAsync(HttpContext http, long max, CancellationToken cancellationToken)
    {
        if (http.Request.ContentLength > max)
            return TooLarge(max);
        // Kestrel's own limit would reject the body first, with a message of its own.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = max + 1;
        // The buffer starts with the announced length, so that an ordinary body needs one array. It is capped, because
        // a caller can announce any length.
        var announced = http.Request.ContentLength;
        var buffer = new byte[Math.Min(announced ?? FirstRead, FirstRead)];
        var length = 0;
        while (length != announced)
        {
            if (length == buffer.Length)
                Array.Resize(
                    ref buffer,
                    (int)Math.Min(Math.Max(length * 2L, FirstRead), Math.Min(announced ?? long.MaxValue, max + 1L))
                );
            var read = await http.Request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
            if (length > max)
                return TooLarge(max);
        }

        if (!BodyText.IsWellFormed(buffer.AsSpan(0, length)))
            return new VaultError(
                ErrorCatalogue.InvalidRequest,
                "The body holds a string that is not valid Unicode: send UTF-8, and escape only whole characters."
            );
        return length == buffer.Length ? buffer : buffer[..length];
    }

    public Result<Body> Parse(HttpContext http, byte[] bytes, IReadOnlyList<Field> fields)
    {
        // An empty body is treated as an empty object; the check then names the required fields.
        if (bytes.Length == 0)
            return BodyCheck.Read(Call.EmptyObject, fields);
        if (!IsJson(http.Request.ContentType))
            return VaultError.Invalid("Content-Type", "must be application/json");
        try
        {
            using var document = JsonDocument.Parse(bytes, GatewayJson.Reading(options.MaxDepth));
            return BodyCheck.Read(document.RootElement.Clone(), fields);
        }
        catch (JsonException e)
        {
            // The parser's message may quote the input, and the input may hold a secret.
            var place = e.LineNumber is { } line ? $" near line {line + 1}, byte {e.BytePositionInLine}" : "";
            return new VaultError(
                ErrorCatalogue.InvalidRequest,
                $"The body is not valid JSON{place}: check its syntax, that no object repeats a name, and that it "
                    + $"is at most {options.MaxDepth} levels deep."
            );
        }
    }

    public static bool IsJson(string? contentType)
    {
        var type = contentType?.Split(';')[0].Trim();
        return string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase);
    }

    private static VaultError TooLarge(long max) =>
        new(ErrorCatalogue.TooLarge, $"The body has more than {max} bytes.");
}
