using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Consent;

/// <summary>
/// The parameters with which the provider sent the browser back, and the browser's cookie. The code is a secret; the
/// caller disposes it.
/// </summary>
/// <param name="Others">Every parameter that was present exactly once, because providers add some. The pack says which
/// of them are used and how they are checked.</param>
public sealed record CallbackQuery(
    string? State,
    Secret? Code,
    string? Error,
    string? Issuer,
    string? Cookie,
    IReadOnlyDictionary<string, string> Others
);

/// <summary>The result of a consent.</summary>
/// <param name="ReturnTo">The registered return URL with the result, when the link named one.</param>
/// <param name="Error">Null when the account is connected.</param>
/// <param name="MissingScopes">Scopes that were requested and not granted.</param>
public sealed record ConnectResult(
    string? ReturnTo,
    VaultError? Error,
    string? ProviderName,
    ImmutableArray<string> MissingScopes,
    ProviderIdentity? Identity
);

/// <summary>
/// The redirect back from the provider. The order of the checks makes it safe: state finds the link, the cookie proves
/// the browser, and the issuer is compared before any other parameter is used. Moving the link to <see
/// cref="LinkStatus.Exchanging"/> allows one exchange, however often the callback is replayed.
/// </summary>
public sealed class ConnectCallback(
    ILinkStore links,
    IConnectionStore connections,
    IOrganizationStore organizations,
    ConnectLinks rules,
    TokenClients clients,
    Sealer sealer,
    CodeExchange exchange,
    ConsentCompletion completion,
    ITokenEndpoint endpoint,
    InterruptedConsents interrupted,
    IdFactory ids,
    TimeProvider time,
    ConnectOptions options
)
{
    private const string AccessDenied = "access_denied";

    /// <param name="query">As received; none of it is trusted.</param>
    /// <param name="cancellationToken">Cancels before the code is used. Afterwards it is ignored, because the tokens
    /// would be lost.</param>
    public async Task<ConnectResult> FinishAsync(CallbackQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var link = LinkSecrets.IsWellFormed(query.State)
            ? await links.FindByStateAsync(LinkSecrets.Hash(query.State!), cancellationToken)
            : null;
        // An unknown state and a foreign browser get the same response. A foreign browser changes nothing, so it cannot
        // disturb the consent of the right one.
        if (
            link is null
            || query.Cookie is null
            || !LinkSecrets.SameHash(link.BrowserHash, LinkSecrets.Hash(query.Cookie))
        )
            return Nothing();
        if (link.Status == LinkStatus.Exchanging)
            link = await interrupted.LookAsync(link, cancellationToken);
        if (link.Status == LinkStatus.Exchanging)
            return new ConnectResult(null, LinkErrors.UnderWay(), null, [], null);
        if (InterruptedConsents.Is(link))
            return new ConnectResult(
                LinkErrors.ReturnTo(link, "failed", ErrorCatalogue.OutcomeUnknown.Code, []),
                LinkErrors.Interrupted(),
                null,
                [],
                null
            );
        if (link.Status == LinkStatus.Done && link.ExpiresAt > time.GetUtcNow())
            return new ConnectResult(null, LinkErrors.Done(), null, [], null);
        if (link.Status != LinkStatus.Opened)
            return Nothing();
        if (link.ExpiresAt <= time.GetUtcNow())
        {
            var late = LinkErrors.Expired(link);
            return new ConnectResult(late.ReconnectUrl, late, null, [], null);
        }

        if (
            await connections.FindAsync(link.Key.Organization, link.ConnectionId, cancellationToken)
            is not { } connection
        )
            return await FailAsync(
                link,
                new VaultError(
                    ErrorCatalogue.LinkInvalid,
                    "What this link was for has been removed. Nothing was connected."
                )
                {
                    StatusReason = StatusReason.ConnectionDeleted,
                },
                null,
                cancellationToken
            );
        if (rules.Unusable(connection, out var pack) is { } unusable)
            return await FailAsync(link, unusable, null, cancellationToken);
        if (await organizations.FindAsync(link.Key.Organization, cancellationToken) is not { State.Gate.Open: true })
            return await FailAsync(
                link,
                new VaultError(
                    ErrorCatalogue.OrganizationSuspended,
                    "The organization is suspended; nothing can be connected."
                ),
                pack.DisplayName,
                cancellationToken
            );

        var opened = await clients.ForAsync(
            connection,
            ImmutableSortedDictionary<string, string>.Empty,
            cancellationToken
        );
        if (!opened.TryGet(out var client, out var unopened))
            return new ConnectResult(null, unopened, pack.DisplayName, [], null);
        using var clientSecret = client.ClientSecret;
        // The exchange must name the redirect URI that was sent (RFC 6749 4.1.3), even if the connection has another
        // one now.
        client = client with { RedirectUri = link.Request.RedirectUri ?? client.RedirectUri };

        if (Moved(link, client) is { } moved)
            return await FailAsync(link, moved, pack.DisplayName, cancellationToken);

        // RFC 9207 2.4: simple string comparison, before code or error is read. On a mismatch no parameter of the
        // response is shown.
        if (WrongIssuer(link, client, query))
            return await FailAsync(
                link,
                new VaultError(
                    ErrorCatalogue.LinkInvalid,
                    "The response did not come from the provider of this link. Nothing was connected."
                )
                {
                    StatusReason = "issuer_mismatch",
                },
                pack.DisplayName,
                cancellationToken
            );
        if (Refusal(pack, query) is { } denied)
            return await FailAsync(link, Denied(denied), pack.DisplayName, cancellationToken);
        // Checked before the code is used: afterwards a refusal would leave a grant that must be revoked.
        var reading = endpoint.ReadCallback(client, query.Others);
        if (reading.Fault is { } unfit)
            return await FailAsync(
                link,
                new VaultError(
                    ErrorCatalogue.LinkInvalid,
                    "The provider's response does not match this connection. Nothing was connected."
                )
                {
                    StatusReason = unfit,
                },
                pack.DisplayName,
                cancellationToken
            );
        client = client with { Parameters = client.Parameters.SetItems(reading.Captured) };
        if (TokenClients.Elsewhere(connection, client) is { } elsewhere)
            return await FailAsync(link, elsewhere, pack.DisplayName, cancellationToken);
        using var otherCode = OtherCode(pack, query);
        if (
            (pack.Details.OAuth1 is null ? otherCode ?? query.Code : otherCode) is not { } code
            || link.CodeVerifier is not { } sealedVerifier
        )
            return await FailAsync(
                link,
                VaultError.Invalid("code", "is missing from the provider's response"),
                pack.DisplayName,
                cancellationToken
            );

        // Opening the verifier also loads the organization's key, so the commit needs nothing else once the code is
        // used (law 4).
        var unsealing = await sealer.OpenAsync(
            sealedVerifier,
            SealContext.CodeVerifier(link.Key.Organization, link.Id),
            cancellationToken
        );
        if (!unsealing.TryGet(out var verifier, out var unsealed))
            return new ConnectResult(null, unsealed, pack.DisplayName, [], null);
        using (verifier)
        {
            // Opened -> Exchanging by compare-and-swap: only the winner ever sends this code, and a replay of the
            // callback finds it taken. If this process ends first, InterruptedConsents settles the link after the time
            // recorded here; the code is not sent again even then.
            var taken = link with
            {
                Version = link.Version + 1,
                Status = LinkStatus.Exchanging,
                CodeVerifier = null,
                Request = link.Request with { ExchangeEndsAt = time.GetUtcNow() + options.ExchangeLimit },
            };
            // After a lost race the row is read again: either another callback won, or a key rotation sealed the row
            // again, and then the code is still unsent.
            if (await links.UpdateAsync(taken, link.Version, [], cancellationToken) != WriteOutcome.Written)
                return await FinishAsync(query, cancellationToken);

            var exchanged = await exchange.RunAsync(client, code, verifier);
            if (!exchanged.TryGet(out var tokens, out var failed))
                return await FailAsync(taken, failed, pack.DisplayName, CancellationToken.None);
            using (tokens.Secrets)
            {
                // If both the callback and the token response carry a parameter, the token response wins.
                tokens = tokens with { Parameters = reading.Captured.SetItems(tokens.Parameters) };
                var stored = await completion.StoreGrantAsync(taken, client, tokens);
                if (!stored.TryGet(out var row, out var refused))
                    return await FailAsync(taken, refused, pack.DisplayName, CancellationToken.None);
                var missing = row.State.Lacking(taken.Request.Scopes, pack);
                await interrupted.FinishedAsync(taken);
                return new ConnectResult(
                    LinkErrors.ReturnTo(taken, "connected", null, missing),
                    null,
                    pack.DisplayName,
                    missing,
                    row.State.Identity
                );
            }
        }
    }

    /// <summary>
    /// The provider's statement that there is no grant. RFC 5849 defines none: providers send <c>denied</c> with the
    /// temporary token, or <c>oauth_problem</c> of the problem reporting extension
    /// (https://wiki.oauth.net/w/page/12238543/ProblemReporting).
    /// </summary>
    private static string? Refusal(ProviderPack pack, CallbackQuery query)
    {
        if (query.Error is not null || pack.Details.OAuth1 is null)
            return query.Error;
        if (query.Others.ContainsKey("denied"))
            return AccessDenied;
        return
            query.Others.TryGetValue("oauth_problem", out var problem)
            && problem is "user_refused" or "permission_denied"
            ? AccessDenied
            : problem;
    }

    /// <summary>
    /// The code under another name. For RFC 5849 2.2 it is the temporary token together with its verifier.
    /// </summary>
    private static Secret? OtherCode(ProviderPack pack, CallbackQuery query)
    {
        if (pack.Details.OAuth1 is not null)
            return
                query.Others.TryGetValue("oauth_token", out var token)
                && query.Others.TryGetValue("oauth_verifier", out var verifier)
                && verifier.Length > 0
                ? Secret.From(token + "\n" + verifier)
                : null;
        return
            pack.Details.OAuth?.Callback is { } way
            && way.Code != "code"
            && query.Others.TryGetValue(way.Code, out var text)
            && text.Length > 0
            ? Secret.From(text)
            : null;
    }

    /// <summary>
    /// The connection or its pack was edited while the person was at the provider. The code belongs to the endpoints
    /// that were in force when the consent began (law 10).
    /// </summary>
    private VaultError? Moved(LinkSession link, TokenClient client) =>
        link.Request.Origins is not { } then
        || Destinations.Of(then).Covers(clients.InForce(client, ImmutableSortedDictionary<string, string>.Empty))
            ? null
            : new VaultError(
                ErrorCatalogue.DestinationChanged,
                "The addresses of this connection have changed since the link was opened. Nothing was connected. "
                    + "Start again with a new link."
            )
            {
                StatusReason = ErrorCatalogue.DestinationChanged.Code,
            };

    private bool WrongIssuer(LinkSession link, TokenClient client, CallbackQuery query)
    {
        if (link.Request.Issuer is not { } expected)
            return query.Issuer is { } stranger
                && link.Request.ConsentHost is { } sentTo
                && !WebAddress.IsOfSameOwner(stranger, sentTo);
        return query.Issuer is { } named
            ? !string.Equals(named, expected, StringComparison.Ordinal)
            : endpoint.ExpectedIssuer(client).Required;
    }

    private async Task<ConnectResult> FailAsync(
        LinkSession link,
        VaultError error,
        string? provider,
        CancellationToken cancellationToken
    )
    {
        var failed = link with
        {
            Version = link.Version + 1,
            Status = LinkStatus.Failed,
            CodeVerifier = null,
            Request = link.Request with { Failure = error.StatusReason ?? error.Code.Code },
        };
        var draft = LinkEntries.Failed(failed, error.Code, error.StatusReason, ids, time.GetUtcNow());
        // After a lost race another callback of the same browser has set the result, and that result stands.
        if (await links.UpdateAsync(failed, link.Version, [draft], cancellationToken) != WriteOutcome.Written)
            return Nothing();
        return new ConnectResult(
            LinkErrors.ReturnTo(link, error.StatusReason == AccessDenied ? "denied" : "failed", error.Code.Code, []),
            error,
            provider,
            [],
            null
        );
    }

    private static VaultError Denied(string error) =>
        error == AccessDenied
            ? new VaultError(
                ErrorCatalogue.ReauthRequired,
                "The request was declined at the provider. Nothing was connected."
            )
            {
                StatusReason = AccessDenied,
            }
            : new VaultError(
                ErrorCatalogue.UpstreamRejected,
                "The provider refused the request. Nothing was connected."
            )
            {
                Upstream = ErrorWord(error),
            };

    // RFC 6749 4.1.2.1: an error is a short string of printable ASCII; anything else is not passed on.
    private static string? ErrorWord(string error) =>
        error.Length <= 64 && error.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? error : null;

    private static ConnectResult Nothing() => new(null, LinkErrors.Lost(), null, [], null);
}
