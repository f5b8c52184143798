using Vault.Sandbox.Api;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// GET or POST /oauth/userinfo with a bearer token: sub always, name and email according to the scopes.
/// </summary>
internal sealed class UserinfoEndpoint(BearerAuthenticator authenticator, IdentityBook identities, FaultRunner faults)
{
    public Task HandleAsync(HttpContext context)
    {
        var token = authenticator.Find(context.Request);
        var site = new FaultSite(
            FaultTarget.Userinfo,
            "/oauth/userinfo",
            token?.Family.ClientId,
            GrantId: token?.Family.Id,
            Access: token
        );
        return faults.RunAsync(context, site, c =>
        {
            var (caller, refusal) = authenticator.Admit(c.Request);
            if (caller is null)
            {
                return refusal!.WriteAsync(c);
            }

            if (!caller.Has(SandboxScopes.OpenId) && !caller.Has(SandboxScopes.Profile))
            {
                return ApiRefusal.MissingScope(SandboxScopes.OpenId).WriteAsync(c);
            }

            JsonReply.NoStore(c.Response);
            return JsonReply.WriteAsync(c, 200, (caller, identities.Of(caller.Subject)), static (writer, t) =>
            {
                var (who, identity) = t;
                writer.WriteString("sub"u8, identity.Subject);
                if (who.Has(SandboxScopes.Profile))
                {
                    writer.WriteString("name"u8, identity.Name);
                    writer.WriteString("preferred_username"u8, identity.Subject);
                }

                if (who.Has(SandboxScopes.Email))
                {
                    writer.WriteString("email"u8, identity.Email);
                    writer.WriteBoolean("email_verified"u8, true);
                }
            });
        });
    }
}
