using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;
using Vault.TestKit.Provider;

namespace Vault.Simulation;

/// <summary>
/// The token endpoint as one process sees it. As the port demands it ends every call at its deadline and, unless a bug
/// says so, sends nothing twice.
/// </summary>
internal sealed class SimEndpoint(World world, SimHost host) : ITokenEndpoint
{
    public static readonly TimeSpan AccessLife = TimeSpan.FromHours(1);

    /// <summary>Nobody heard back: what the caller of a lost call gets.</summary>
    public static readonly object Nothing = new();

    public async Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline)
    {
        var token = refreshToken.RevealText();
        var reply = await OnceAsync(token, deadline);
        if (world.Bug == Bug.BlindRetry && reply is TokenReply.MayHaveActed)
            reply = await OnceAsync(token, deadline);
        return world.Bug == Bug.TransientIsTerminal && reply is TokenReply.NotActed { Failure: not "deadline" }
            ? new TokenReply.GrantDead(StatusReason.GrantRevoked, "http_503")
            : reply;
    }

    private async Task<TokenReply> OnceAsync(string token, DateTimeOffset deadline)
    {
        var left = deadline - host.Clock.GetUtcNow();
        if (world.Bug == Bug.NoRecheck)
            left = TimeSpan.FromSeconds(15);
        if (left <= TimeSpan.Zero)
            return new TokenReply.NotActed("deadline", null);
        var subject = world.OfToken(token);
        world.Presenting(host, subject, token, atTokenEndpoint: true);
        var end = world.Now + left;
        world.Sending(host, subject, token, end);
        var came = await world.CallAsync<object>(
            host,
            Peer.TokenEndpoint,
            $"refresh with {token}",
            subject,
            () =>
            {
                var (alive, replays) = (world.Provider.Alive.ToList(), world.Provider.Replays);
                var issued = world.Provider.Present(token, world.Now < end ? world.Now : end);
                if (world.Provider.Replays > replays)
                    world.Replayed(subject, token, alive);
                if (issued.Result == Presented.Granted)
                {
                    world.Note(issued, world.FamilyOf(token));
                    if (issued.RefreshToken is { } fresh)
                    {
                        subject.InHand[fresh] = host;
                        subject.IssuedAt[fresh] = world.Now;
                    }
                }

                world.Tell(() =>
                    $"the provider {(issued.Result == Presented.Granted ? "gives " + (issued.RefreshToken ?? issued.AccessToken) : "refuses it")}"
                );
                return issued;
            },
            end
        );
        return came switch
        {
            Issued issued => StrictReply(issued),
            TokenReply failed => failed,
            _ => new TokenReply.MayHaveActed("timeout"),
        };
    }

    private TokenReply StrictReply(Issued issued)
    {
        if (issued.Result == Presented.Refused)
            return new TokenReply.GrantDead(StatusReason.GrantRevoked, "invalid_grant");
        var now = host.Clock.GetUtcNow();
        var secrets = new GrantTokens
        {
            AccessToken = Secret.From(issued.AccessToken!),
            RefreshToken = issued.RefreshToken is { } refresh ? Secret.From(refresh) : null,
        };
        return new TokenReply.Granted(
            new TokenSet(
                secrets,
                now,
                now + AccessLife,
                null,
                null,
                ImmutableSortedDictionary<string, string>.Empty,
                null
            )
        );
    }

    public async Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline)
    {
        var token = grant.RefreshToken?.RevealText() ?? grant.AccessToken.RevealText();
        var came = await world.CallAsync<object>(
            host,
            Peer.TokenEndpoint,
            $"revoke {token}",
            null,
            () =>
            {
                world.Provider.Revoke(token);
                return "revoked";
            },
            world.Now + (deadline - host.Clock.GetUtcNow())
        );
        return came is "revoked"
            ? new RevocationReply(UpstreamRevocation.Confirmed, false, null)
            : new RevocationReply(UpstreamRevocation.Pending, true, "http_503");
    }

    public Task<TokenReply> MintAsync(
        TokenClient client,
        StaticCredential? credential,
        ImmutableArray<string> scopes,
        DateTimeOffset deadline
    ) => throw new NotSupportedException();

    public Task<TokenReply> ExchangeCodeAsync(
        TokenClient client,
        Secret code,
        Secret codeVerifier,
        DateTimeOffset deadline
    ) => throw new NotSupportedException();

    public Task<IdentityReply> IdentifyAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    ) => throw new NotSupportedException();

    public Uri AuthorizationUrl(
        TokenClient client,
        ImmutableArray<string> scopes,
        string state,
        string codeChallenge
    ) => throw new NotSupportedException();

    public (string? Issuer, bool Required) ExpectedIssuer(TokenClient client) => (null, false);
}
