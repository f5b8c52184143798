using System.Collections.Concurrent;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// grant_type=jwt-bearer (RFC 7523 section 3), as service accounts use it: iss is the registered account, sub the user
/// it acts for (or itself), aud only this server, exp at most an hour ahead, jti unique.
/// </summary>
internal sealed class JwtBearerGrant(
    JwtKeys keys,
    ClientRegistry clients,
    TokenIndex index,
    CounterBook counters,
    TimeProvider time,
    Func<string> issuer
)
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxLife = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string Issuer, string Id), DateTimeOffset> _seen = new();

    public (TokenReply Reply, OAuthError? Error) Mint(ClientEntry? authenticated, StrictForm form)
    {
        if (form["assertion"] is not { } text)
        {
            return (default, OAuthError.InvalidRequest("assertion is missing"));
        }

        var now = time.GetUtcNow();
        if (JwtAssertion.Parse(text) is not { } assertion)
        {
            return (default, OAuthError.InvalidGrant("the assertion is not a signed JWT"));
        }

        var key = keys.Of(assertion["iss"] ?? "")
            .FirstOrDefault(k =>
                k.Algorithm == assertion.Algorithm && (assertion.KeyId is null || k.KeyId == assertion.KeyId)
            );
        if (key is null)
        {
            return (
                default,
                OAuthError.InvalidGrant(
                    "no key is registered for this iss, kid and alg (RS256 and ES256 are supported)"
                )
            );
        }

        if (!key.Verify(assertion.Signed, assertion.Signature))
        {
            return (default, OAuthError.InvalidGrant("the signature of the assertion is wrong"));
        }

        if (ClaimProblem(assertion, now) is { } problem)
        {
            return (default, OAuthError.InvalidGrant(problem));
        }

        var client = authenticated;
        if (client is null && !clients.TryGet(key.ClientId, out client))
        {
            return (default, OAuthError.InvalidGrant("the client of this service account is not registered"));
        }

        if (client.Current.ClientId != key.ClientId || !client.Current.GrantTypes.Contains(SandboxScopes.JwtBearer))
        {
            return (
                default,
                new OAuthError(
                    "unauthorized_client",
                    "the service account does not belong to this client, or the client may not use jwt-bearer"
                )
            );
        }

        var (scopes, error) = RequestedScopes.Resolve(client.Current, form["scope"] ?? assertion["scope"]);
        if (error is not null)
        {
            return (default, error);
        }

        var family = new GrantFamily(
            index,
            client,
            assertion["sub"] ?? assertion["iss"]!,
            scopes,
            ownPolicy: null,
            now
        );
        var (access, _) = family.Open(withRefresh: false, firstAccessLifetime: null, now);
        counters.Add(Count.JwtBearerMints, family.ClientId);
        return (new TokenReply(access, Refresh: null), null);
    }

    private string? ClaimProblem(JwtAssertion assertion, DateTimeOffset now)
    {
        var audience = assertion.SoleAudience();
        if (audience != issuer() && audience != issuer() + "/oauth/token")
        {
            return "aud must be this server's issuer or token endpoint, and nothing else";
        }

        if (
            !assertion.TryDate("exp", out var exp)
            || !assertion.TryDate("nbf", out var nbf)
            || !assertion.TryDate("iat", out var iat)
            || exp is null
        )
        {
            return "exp is required, and exp, nbf and iat are numbers of seconds";
        }

        if (now >= exp + Skew)
        {
            return "the assertion has expired";
        }

        if (exp > now + MaxLife + Skew)
        {
            return "exp is more than an hour ahead";
        }

        if (nbf > now + Skew || iat > now + Skew)
        {
            return "nbf or iat is in the future";
        }

        return assertion["jti"] is { } id && !FirstUse(assertion["iss"]!, id, exp.Value, now)
            ? "the assertion was already used (jti)"
            : null;
    }

    private bool FirstUse(string iss, string id, DateTimeOffset exp, DateTimeOffset now)
    {
        if (_seen.Count > 10_000)
        {
            foreach (var old in _seen.Where(p => p.Value + Skew < now))
            {
                _seen.TryRemove(old);
            }
        }

        return _seen.TryAdd((iss, id), exp);
    }
}
