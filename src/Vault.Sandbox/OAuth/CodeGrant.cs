using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>grant_type=authorization_code with PKCE S256 (RFC 6749 section 4.1.3, RFC 7636 section 4.6).</summary>
internal sealed class CodeGrant(
    AuthorizationCodes codes,
    TokenIndex index,
    CounterBook counters,
    IdTokenSigner signer,
    TimeProvider time
)
{
    public (TokenReply Reply, OAuthError? Error) Exchange(ClientEntry client, StrictForm form)
    {
        if (form["code"] is not { } value)
        {
            return (default, OAuthError.InvalidRequest("code is missing"));
        }

        if (codes.Find(value) is not { } code || code.ClientId != client.Current.ClientId)
        {
            return (default, OAuthError.InvalidGrant("the code is unknown or was issued to another client"));
        }

        var now = time.GetUtcNow();
        lock (code.Sync)
        {
            if (code.Spent)
            {
                counters.Add(Count.CodeReplays, code.ClientId);
                code.Issued?.Kill("the authorization code of this grant was used twice");
                return (default, OAuthError.InvalidGrant("the code was already used; its tokens are revoked"));
            }

            // Every attempt by the right client uses up the code, so a wrong verifier or redirect URI cannot be
            // retried.
            code.Spent = true;
            if (now >= code.ExpiresAt)
            {
                return (default, OAuthError.InvalidGrant("the code has expired"));
            }

            if (form["redirect_uri"] != code.RedirectUri)
            {
                return (default, OAuthError.InvalidGrant("redirect_uri is not the one of the authorization request"));
            }

            if (form["code_verifier"] is not { } verifier || !Pkce.Matches(verifier, code.Challenge))
            {
                return (
                    default,
                    OAuthError.InvalidGrant("code_verifier is missing or does not match the code_challenge")
                );
            }

            var family = new GrantFamily(index, client, code.Subject, code.Scopes, ownPolicy: null, now);
            code.Issued = family;
            var (access, refresh) = family.Open(
                client.Current.GrantTypes.Contains(SandboxScopes.RefreshToken),
                firstAccessLifetime: null,
                now
            );
            counters.Add(Count.CodeExchanges, code.ClientId);
            return (
                new TokenReply(
                    access,
                    refresh,
                    access.Has(SandboxScopes.OpenId) ? signer.Sign(access, code.Nonce) : null
                ),
                null
            );
        }
    }
}
