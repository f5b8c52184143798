using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// POST /oauth/token. Counts, applies faults, authenticates the client and dispatches to the grant type.
/// </summary>
internal sealed class TokenEndpoint(
    ClientAuthentication authentication,
    TokenIndex index,
    CounterBook counters,
    FaultRunner faults,
    CodeGrant code,
    RefreshGrant refresh,
    ClientCredentialsGrant clientCredentials,
    JwtBearerGrant jwtBearer
)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (form, problem) = await StrictForm.ReadAsync(context.Request);
        var clientId = form is null ? null : ClientAuthentication.Claimed(context.Request, form);
        var grantType = form?["grant_type"];
        var family =
            grantType == SandboxScopes.RefreshToken && index.TryRefresh(form!["refresh_token"], out var token)
                ? token.Family
                : null;
        counters.Add(Count.TokenRequests, authentication.Registered(clientId));
        counters.EnterToken();
        if (family is not null)
        {
            counters.ObserveConcurrency(family.EnterTokenCall());
        }

        try
        {
            var site = new FaultSite(FaultTarget.Token, "/oauth/token", clientId, grantType, family?.Id);
            await faults.RunAsync(context, site, c =>
                form is null ? OAuthError.InvalidRequest(problem!).WriteAsync(c) : ActAsync(c, form, grantType)
            );
        }
        finally
        {
            family?.LeaveTokenCall();
            counters.LeaveToken();
        }
    }

    private Task ActAsync(HttpContext context, StrictForm form, string? grantType)
    {
        var (client, error) = authentication.Authenticate(context.Request, form);

        // With a JWT assertion client authentication is optional (RFC 7523 section 3.1), but if present it must be
        // valid.
        var mayBeAnonymous =
            grantType == SandboxScopes.JwtBearer
            && form["client_secret"] is null
            && context.Request.Headers.Authorization.Count == 0;
        if (error is not null && !mayBeAnonymous)
        {
            return error.WriteAsync(context);
        }

        if (grantType is null)
        {
            return OAuthError.InvalidRequest("grant_type is missing").WriteAsync(context);
        }

        if (!SandboxScopes.GrantTypes.Contains(grantType))
        {
            return new OAuthError(
                "unsupported_grant_type",
                "use one of: " + string.Join(", ", SandboxScopes.GrantTypes)
            ).WriteAsync(context);
        }

        if (client is not null && !client.Current.GrantTypes.Contains(grantType))
        {
            return new OAuthError("unauthorized_client", "the client is not registered for this grant type").WriteAsync(
                context
            );
        }

        var (reply, refusal) = grantType switch
        {
            SandboxScopes.AuthorizationCode => code.Exchange(client!, form),
            SandboxScopes.RefreshToken => refresh.Refresh(client!, form),
            SandboxScopes.ClientCredentials => clientCredentials.Mint(client!, form),
            _ => jwtBearer.Mint(client, form),
        };
        return refusal?.WriteAsync(context) ?? reply.WriteAsync(context);
    }
}
