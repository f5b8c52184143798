using Microsoft.AspNetCore.Http;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Gateway.Http;

/// <summary>Writes responses with the headers common to all of them.</summary>
internal sealed class ResponseWriter(ConnectCookie cookie)
{
    private const string AllowNothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

    /// <param name="http">The exchange whose answer it is.</param>
    /// <param name="address">TLS ends in front of the host, so the scheme of the request says nothing.</param>
    /// <param name="requestId">Names the request.</param>
    public static void Prepare(HttpContext http, PublicAddress address, string requestId)
    {
        var headers = http.Response.Headers;
        headers["X-Request-Id"] = requestId;
        headers.CacheControl = "no-store";
        headers["X-Content-Type-Options"] = "nosniff";
        headers["X-Frame-Options"] = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = AllowNothing;
        if (address.Base.Scheme == Uri.UriSchemeHttps)
            headers.StrictTransportSecurity = "max-age=31536000";
    }

    public async Task WriteAsync(
        HttpContext http,
        Operation operation,
        Answer answer,
        string requestId,
        CancellationToken cancellationToken
    )
    {
        if (ReferenceEquals(answer, Answer.Written))
            return;
        switch (answer)
        {
            case Answer.Problem { Error: var error } when operation.Medium == Medium.Page:
                await WritePageAsync(http, error.Code.Status, ErrorPage.For(error, requestId), cancellationToken);
                break;
            case Answer.Page page:
                await WritePageAsync(http, page.Status, page.Html, cancellationToken);
                break;
            case Answer.SeeOther other:
                if (other.Cookie is { } value)
                    cookie.Set(http, value, other.CookieExpires!.Value);
                http.Response.Headers.Location = other.Url;
                http.Response.StatusCode = StatusCodes.Status303SeeOther;
                break;
            case Answer.Stream stream:
                http.Response.ContentType = stream.ContentType;
                if (!HttpMethods.IsHead(http.Request.Method))
                    await stream.WriteAsync(http.Response.Body, cancellationToken);
                break;
            default:
                await WriteBytesAsync(http, answer, requestId, cancellationToken);
                break;
        }
    }

    private static async Task WriteBytesAsync(
        HttpContext http,
        Answer answer,
        string requestId,
        CancellationToken cancellationToken
    )
    {
        if (answer is Answer.Json json)
        {
            http.Response.StatusCode = json.Status;
            http.Response.ContentType = "application/json";
            ResponseBytes.WriteTo(http.Response, json.View, requestId, !HttpMethods.IsHead(http.Request.Method));
            await http.Response.BodyWriter.FlushAsync(cancellationToken);
            return;
        }

        var (status, type, bytes) = ResponseBytes.Of(answer);
        if (answer is Answer.Problem { Error: var error })
            Advise(http, error);
        var body =
            type is "application/json" or Problems.ContentType
            && bytes.Span is [(byte)'{', ..]
            && answer is not Answer.Raw { AsIs: true }
                ? ResponseBytes.WithRequestId(bytes, requestId)
                : bytes;
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, cancellationToken);
    }

    private static void Advise(HttpContext http, VaultError error)
    {
        if (error.RetryAfter is { } wait)
            http.Response.Headers.RetryAfter = Problems.RetryAfter(wait);
        // RFC 6750 3: without credentials in the request there is no error attribute.
        if (error.Code == ErrorCatalogue.Unauthenticated)
            http.Response.Headers.WWWAuthenticate = Authentication.HasCredentials(http.Request)
                ? "Bearer error=\"invalid_token\""
                : "Bearer";
        if (error.Code == ErrorCatalogue.PermissionDenied)
            http.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\"";
    }

    private static async Task WritePageAsync(
        HttpContext http,
        int status,
        string html,
        CancellationToken cancellationToken
    )
    {
        http.Response.Headers.ContentSecurityPolicy = Html.Policy;
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.WriteAsync(html, cancellationToken);
    }
}
