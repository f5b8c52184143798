using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// POST /oauth/revoke (RFC 7009). A refresh token, used or not, revokes its whole grant; an access token only itself.
/// token_type_hint is optional and ignored. An unknown token is a success (section 2.2).
/// </summary>
internal sealed class RevokeEndpoint(
    ClientAuthentication authentication,
    TokenIndex index,
    CounterBook counters,
    FaultRunner faults
)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (form, problem) = await StrictForm.ReadAsync(context.Request);
        var family = form?["token"] is { } token ? Find(token, out _) : null;
        var clientId = form is null ? null : ClientAuthentication.Claimed(context.Request, form);
        var site = new FaultSite(FaultTarget.Revoke, "/oauth/revoke", clientId, GrantId: family?.Id);
        await faults.RunAsync(context, site, c =>
            form is null ? OAuthError.InvalidRequest(problem!).WriteAsync(c) : ActAsync(c, form)
        );
    }

    private Task ActAsync(HttpContext context, StrictForm form)
    {
        var (client, error) = authentication.Authenticate(context.Request, form);
        if (error is not null)
        {
            return error.WriteAsync(context);
        }

        if (form["token"] is not { } token)
        {
            return OAuthError.InvalidRequest("token is missing").WriteAsync(context);
        }

        var family = Find(token, out var access);
        if (family is not null && family.ClientId != client!.Current.ClientId)
        {
            return OAuthError.InvalidGrant("the token was issued to another client").WriteAsync(context);
        }

        if (access is not null)
        {
            access.Revoke();
        }
        else
        {
            family?.Kill("the token was revoked by the client");
        }

        counters.Add(Count.Revocations, client!.Current.ClientId);
        JsonReply.NoStore(context.Response);
        context.Response.StatusCode = 200;
        context.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private GrantFamily? Find(string token, out AccessToken? access)
    {
        access = null;
        if (index.TryRefresh(token, out var refresh))
        {
            return refresh.Family;
        }

        return index.TryAccess(token, out access) ? access.Family : null;
    }
}
