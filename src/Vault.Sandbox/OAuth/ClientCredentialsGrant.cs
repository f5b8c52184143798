using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// grant_type=client_credentials (RFC 6749 section 4.4): a token for the client itself, without a refresh token.
/// </summary>
internal sealed class ClientCredentialsGrant(TokenIndex index, CounterBook counters, TimeProvider time)
{
    public (TokenReply Reply, OAuthError? Error) Mint(ClientEntry client, StrictForm form)
    {
        var (scopes, error) = RequestedScopes.Resolve(client.Current, form["scope"]);
        if (error is not null)
        {
            return (default, error);
        }

        var now = time.GetUtcNow();
        var family = new GrantFamily(index, client, "client:" + client.Current.ClientId, scopes, ownPolicy: null, now);
        var (access, _) = family.Open(withRefresh: false, firstAccessLifetime: null, now);
        counters.Add(Count.ClientCredentialsMints, family.ClientId);
        return (new TokenReply(access, Refresh: null), null);
    }
}
