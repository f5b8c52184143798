using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

/// <summary>What the connect page shows a person before they decide.</summary>
public sealed record LinkPage(
    string OrganizationName,
    string? AppName,
    string? AgentName,
    string ProviderName,
    string User,
    ImmutableArray<string> Scopes,
    string? ExpectedIdentity,
    DateTimeOffset ExpiresAt
);

/// <summary>The redirect target, and the cookie that binds the browser.</summary>
public sealed record LinkStart(Uri Provider, string Cookie, DateTimeOffset ExpiresAt);

/// <summary>
/// The pages of one consent. Viewing a link changes nothing, so previews and scanners are harmless. Opening it (a POST)
/// binds it to one browser. Only that browser, with the state it was sent away with, can complete it, once.
/// </summary>
public sealed class ConnectFlow(
    ILinkStore links,
    IConnectionStore connections,
    IOrganizationStore organizations,
    ConnectLinks rules,
    TokenClients clients,
    Sealer sealer,
    ITokenEndpoint endpoint,
    InterruptedConsents interrupted,
    IEntropy entropy,
    TimeProvider time,
    ConnectOptions options
)
{
    /// <summary>What a link requests; changes nothing.</summary>
    public async Task<Result<LinkPage>> DescribeAsync(string token, string? cookie, CancellationToken cancellationToken)
    {
        var found = await FindAsync(token, cookie, cancellationToken);
        if (!found.TryGet(out var context, out var error))
            return error;
        var (link, connection, pack, organization) = context;
        return new LinkPage(
            organization.DisplayName,
            connection.Settings.AppName,
            link.Request.AgentName,
            pack.DisplayName,
            link.Key.User.Value,
            link.Request.Scopes,
            link.Request.ExpectedIdentity,
            link.ExpiresAt
        );
    }

    /// <summary>
    /// Binds the link to this browser and returns the redirect target. The same browser may start again; for any other
    /// browser the link is used.
    /// </summary>
    public async Task<Result<LinkStart>> BeginAsync(string token, string? cookie, CancellationToken cancellationToken)
    {
        var found = await FindAsync(token, cookie, cancellationToken);
        if (!found.TryGet(out var context, out var error))
            return error;
        var (link, connection, _, _) = context;
        var opened = await clients.ForAsync(
            connection,
            ImmutableSortedDictionary<string, string>.Empty,
            cancellationToken
        );
        if (!opened.TryGet(out var client, out var unopened))
            return unopened;
        using var clientSecret = client.ClientSecret;
        // The link was created for this host. The connection may name another host now, and this browser's cookie is
        // not sent to that one.
        client = client with { RedirectUri = link.Request.RedirectUri ?? client.RedirectUri };

        // A browser keeps its cookie, so that two consents in two tabs do not invalidate each other. State and verifier
        // are new for each start.
        var browser = cookie ?? LinkSecrets.New(entropy);
        var (state, verifier) = (LinkSecrets.New(entropy), LinkSecrets.New(entropy));
        var start = await endpoint.StartConsentAsync(
            client,
            link.Request.Scopes,
            state,
            verifier,
            time.GetUtcNow() + options.CallTimeout
        );
        if (start is ConsentStart.Refused refused)
            return refused.Error;
        var ready = (ConsentStart.Ready)start;
        using var secret = ready.Keep ?? Secret.From(verifier);
        var sealing = await sealer.SealAsync(
            secret,
            SealContext.CodeVerifier(link.Key.Organization, link.Id),
            cancellationToken
        );
        if (!sealing.TryGet(out var sealedVerifier, out var unsealed))
            return unsealed;
        var now = time.GetUtcNow();
        var next = link with
        {
            Version = link.Version + 1,
            Status = LinkStatus.Opened,
            StateHash = LinkSecrets.Hash(state),
            BrowserHash = LinkSecrets.Hash(browser),
            CodeVerifier = sealedVerifier,
            ExpiresAt = now + options.ConsentLifetime,
            // The issuer is recorded before the redirect: the callback is checked against the provider that the browser
            // was sent to, not against the current settings (RFC 9207 2.4).
            Request = link.Request with
            {
                Issuer = endpoint.ExpectedIssuer(client).Issuer,
                ConsentHost = ready.Provider.Host,
                Origins = [.. clients.InForce(client, ImmutableSortedDictionary<string, string>.Empty).Origins],
                RedirectUri = client.RedirectUri,
                Failure = null,
            },
        };
        // Compare-and-swap: if two browsers open the link at the same time, one is bound. The other reads the row again
        // and finds the link used.
        if (await links.UpdateAsync(next, link.Version, [], cancellationToken) != WriteOutcome.Written)
            return await BeginAsync(token, cookie, cancellationToken);
        return new LinkStart(ready.Provider, browser, next.ExpiresAt);
    }

    private async Task<Result<Context>> FindAsync(string token, string? cookie, CancellationToken cancellationToken)
    {
        if (!LinkSecrets.IsWellFormed(token))
            return LinkErrors.Used();
        var link = await links.FindByTokenAsync(LinkSecrets.Hash(token), cancellationToken);
        if (link is null)
            return LinkErrors.Used();
        var own = cookie is not null && LinkSecrets.SameHash(link.BrowserHash, LinkSecrets.Hash(cookie));
        if (link.ExpiresAt <= time.GetUtcNow())
            return link.Status == LinkStatus.Ready || (own && link.Status == LinkStatus.Opened)
                ? LinkErrors.Expired(link)
                : LinkErrors.Used();
        if (own && link.Status == LinkStatus.Exchanging)
            link = await interrupted.LookAsync(link, cancellationToken);
        if (own && link.Status == LinkStatus.Exchanging)
            return LinkErrors.UnderWay();
        if (own && link.Status == LinkStatus.Done)
            return LinkErrors.Done();
        if (
            link.Status != LinkStatus.Ready
            && !(own && (link.Status == LinkStatus.Opened || InterruptedConsents.Is(link)))
        )
            return LinkErrors.Used();
        if (
            await connections.FindAsync(link.Key.Organization, link.ConnectionId, cancellationToken)
            is not { } connection
        )
            return LinkErrors.Used();
        if (rules.Unusable(connection, out var pack) is not null)
            return LinkErrors.Used();
        if (
            await organizations.FindAsync(link.Key.Organization, cancellationToken) is not { } organization
            || !organization.State.Gate.Open
        )
            return LinkErrors.Used();
        return new Context(link, connection, pack, organization);
    }

    private sealed record Context(
        LinkSession Link,
        ConnectionRow Connection,
        ProviderPack Pack,
        OrganizationRow Organization
    );
}
