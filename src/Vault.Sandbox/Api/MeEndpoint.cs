using Vault.Sandbox.Clients;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Api;

/// <summary>GET /me: the identity of the credential.</summary>
internal sealed class MeEndpoint(IdentityBook identities)
{
    public Task MeAsync(HttpContext context, ApiCaller caller) =>
        JsonReply.WriteAsync(context, 200, (identities.Of(caller.Subject), caller), static (writer, t) =>
        {
            var (identity, who) = t;
            writer.WriteString("id"u8, identity.Subject);
            writer.WriteString("name"u8, identity.Name);
            if (who.Has(SandboxScopes.Email))
            {
                writer.WriteString("email"u8, identity.Email);
            }
        });
}
