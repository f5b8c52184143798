using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>An error response of the token, revocation and introspection endpoints (RFC 6749 section 5.2).</summary>
internal sealed record OAuthError(string Error, string Description, int Status = 400, bool ChallengeBasic = false)
{
    public static OAuthError InvalidRequest(string description) => new("invalid_request", description);

    public static OAuthError InvalidGrant(string description) => new("invalid_grant", description);

    public static OAuthError InvalidScope(string description) => new("invalid_scope", description);

    public Task WriteAsync(HttpContext context)
    {
        JsonReply.NoStore(context.Response);
        if (ChallengeBasic)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"sandbox\"";
        }

        return JsonReply.WriteErrorAsync(context, Status, Error, Description);
    }
}
