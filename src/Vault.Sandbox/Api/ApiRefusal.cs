using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Api;

/// <summary>An error response of the echo API, with the WWW-Authenticate header of RFC 6750 section 3.</summary>
internal sealed record ApiRefusal(int Status, string Error, string Description, string? Challenge = null)
{
    public static ApiRefusal MissingScope(string scope) =>
        new(
            403,
            "insufficient_scope",
            $"the credential lacks the scope {scope}",
            $"Bearer realm=\"sandbox\", error=\"insufficient_scope\", scope=\"{scope}\""
        );

    public static ApiRefusal InvalidToken(string description) =>
        new(
            401,
            "invalid_token",
            description,
            $"Bearer realm=\"sandbox\", error=\"invalid_token\", error_description=\"{description}\""
        );

    public static ApiRefusal BadRequest(string description) => new(400, "invalid_request", description);

    public static ApiRefusal NotFound(string description) => new(404, "not_found", description);

    public Task WriteAsync(HttpContext context)
    {
        if (Challenge is not null)
        {
            context.Response.Headers.WWWAuthenticate = Challenge;
        }

        return JsonReply.WriteErrorAsync(context, Status, Error, Description);
    }
}
