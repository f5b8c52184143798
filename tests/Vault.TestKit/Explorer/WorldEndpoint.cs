using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.TestKit.Provider;

namespace Vault.TestKit.Explorer;

/// <summary>
/// The token endpoint as one host sees it. Sending, with the provider's action, is one step; the arrival of the
/// response is another.
/// </summary>
internal sealed class WorldEndpoint(World world, WorldHost host) : ITokenEndpoint
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    public async Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline)
    {
        var token = refreshToken.RevealText();
        var guarded = world.Options.Off != Off.Recheck;
        if (guarded && host.Clock.GetUtcNow() >= deadline)
            return new TokenReply.NotActed("deadline", null);
        world.Presenting(host, token);
        var turn = await world.TakeTurnAsync(host, Port.Send, "send").ConfigureAwait(false);

        // The request was delayed past its deadline: the caller has cancelled it and it is not delivered, but the
        // caller cannot know this.
        if (guarded && host.Clock.GetUtcNow() >= deadline)
            turn = Turn.Broken;
        if (turn == Turn.Outage)
        {
            world.Saw(host, "503");
            return new TokenReply.NotActed("http_503", null);
        }

        if (turn == Turn.Broken)
        {
            world.Saw(host, "500");
            world.Unknowns++;
            return new TokenReply.MayHaveActed("http_500");
        }

        var (working, replays) = (world.Provider.Alive.ToList(), world.Provider.Replays);
        var issued = world.Provider.Present(token, world.Now);
        if (issued.RefreshToken is { } fresh)
            world.IssuedAt[fresh] = world.Now;
        if (world.Provider.Replays > replays && world.Provider.Rotation is not Rotation.SingleUse)
            world.Replayed(token, working);
        world.Log(
            $"provider: {token} -> "
                + (issued.Result == Presented.Granted ? issued.RefreshToken ?? "granted" : "refused")
        );
        world.Saw(host, issued.ToString());
        host.InHand = issued.RefreshToken;
        var reply = await world.TakeTurnAsync(host, Port.Reply, "reply", deadline).ConfigureAwait(false);
        if (reply == Turn.Lost)
        {
            world.Lose(host);
            world.Unknowns++;
            world.Saw(host, "lost");
            return new TokenReply.MayHaveActed("timeout");
        }

        world.Saw(host, "arrived");
        return StrictTokenEndpoint.Reply(issued, host.Clock.GetUtcNow(), Life, true, StatusReason.GrantRevoked);
    }

    public async Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline)
    {
        var turn = await world.TakeTurnAsync(host, Port.RevokeUpstream, "revoke upstream").ConfigureAwait(false);
        if (turn == Turn.Outage)
        {
            world.Saw(host, "503");
            return new RevocationReply(UpstreamRevocation.Pending, true, "http_503");
        }

        world.Provider.Revoke(grant.RefreshToken!.RevealText());
        world.Saw(host, "confirmed");
        return new RevocationReply(UpstreamRevocation.Confirmed, false, null);
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
