using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;

namespace Vault.Core.Consent;

/// <inheritdoc cref="IReconnectLinks"/>
/// <param name="connections">Where connections are.</param>
/// <param name="accounts">Where accounts are.</param>
/// <param name="sessions">Where links are.</param>
/// <param name="links">Makes them.</param>
/// <param name="time">The clock.</param>
/// <param name="options">How long a link is given again.</param>
public sealed class ReconnectLinks(
    IConnectionStore connections,
    IAccountStore accounts,
    ILinkStore sessions,
    ConnectLinks links,
    TimeProvider time,
    ConnectOptions options
) : IReconnectLinks
{
    private const int Kept = 10_000;

    // A link's URL is a capability for one account of one user; it is given only to callers that met the same account,
    // and not for long.
    private readonly ConcurrentDictionary<string, (string Url, DateTimeOffset Until)> _recent = new(
        StringComparer.Ordinal
    );

    public async Task<string?> TryMakeAsync(
        AccountKey key,
        ImmutableArray<string> missingScopes,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            return await MakeAsync(key, missingScopes, requestedBy, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // What the link would heal is known; that it cannot be made now is no reason to tell something else
            // instead.
            return null;
        }
    }

    private async Task<string?> MakeAsync(
        AccountKey key,
        ImmutableArray<string> missingScopes,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var scopes = missingScopes.IsDefault ? [] : missingScopes;
        var memory = $"{key}|{requestedBy}|{string.Join(' ', scopes)}";
        if (
            _recent.TryGetValue(memory, out var recent)
            && recent.Until > time.GetUtcNow()
            && await IsUnusedAsync(recent.Url, cancellationToken)
        )
            return recent.Url;
        if (
            await connections.FindAsync(key.Organization, key.Connection, cancellationToken) is not { } connection
            || links.Unusable(connection, out var pack) is not null
        )
            return null;
        var account = await accounts.FindAsync(key, cancellationToken);
        // An account that mints or uses its own key is healed by another key, not by consent.
        if (pack.Details.OAuth1 is null && account is { Row.Credential: not null } or { Row.State.Mints: true })
            return null;
        var made = await links.CreateAsync(
            new LinkDraft
            {
                Organization = key.Organization,
                User = key.User,
                Connection = connection.Id,
                Label = key.Label,
                Scopes = scopes.IsEmpty
                    ? null
                    :
                    [
                        .. links.ScopesFor(connection, pack, key.User),
                        .. account?.Row.State.GrantedScopes ?? [],
                        .. scopes,
                    ],
                // Healing an account must not quietly become another person's account.
                ExpectedIdentity = account?.Row.State.Identity?.Subject,
            },
            requestedBy,
            cancellationToken
        );
        if (!made.IsOk)
            return null;
        if (_recent.Count >= Kept)
            _recent.Clear();
        _recent[memory] = (made.Value.Url, time.GetUtcNow() + options.ReconnectLinkReuse);
        return made.Value.Url;
    }

    // A link somebody has opened meanwhile would be a dead end for everybody else.
    private async Task<bool> IsUnusedAsync(string url, CancellationToken cancellationToken) =>
        await sessions.FindByTokenAsync(LinkSecrets.Hash(url[(url.LastIndexOf('/') + 1)..]), cancellationToken)
            is { Status: LinkStatus.Ready };
}
