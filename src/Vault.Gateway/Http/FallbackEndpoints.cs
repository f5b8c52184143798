using Microsoft.AspNetCore.Http;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Gateway.Http;

/// <summary>Handles requests that match no route: a problem response with the usual headers.</summary>
internal sealed class FallbackEndpoints(IdFactory ids, PublicAddress address)
{
    public Task NotFoundAsync(HttpContext http) =>
        AnswerAsync(
            http,
            404,
            Problems.From(
                new VaultError(ErrorCatalogue.NotFound, "There is no such path; see /openapi/v1.json."),
                publicBase: address.Base
            )
        );

    public Task WrongMethodAsync(HttpContext http, string[] allowed)
    {
        http.Response.Headers.Allow = string.Join(", ", allowed);
        if (!HttpMethods.IsOptions(http.Request.Method))
            return AnswerAsync(
                http,
                405,
                Problems.From(VaultError.Invalid("method", "this path supports " + string.Join(", ", allowed))) with
                {
                    Status = 405,
                }
            );
        // No CORS headers, here or anywhere: a browser on another site has no business with keys (RFC 9700 2.6).
        ResponseWriter.Prepare(http, address, ids.New("req_"));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private async Task AnswerAsync(HttpContext http, int status, Problem problem)
    {
        var requestId = ids.New("req_");
        ResponseWriter.Prepare(http, address, requestId);
        http.Response.StatusCode = status;
        http.Response.ContentType = Problems.ContentType;
        var body = ResponseBytes.WithRequestId(
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(problem, GatewayJson.Sparse),
            requestId
        );
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
