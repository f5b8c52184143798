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
/// <param name="connections">The store of connections.</param>
/// <param name="accounts">The store of accounts.</param>
/// <param name="sessions">The store of links.</param>
/// <param name="links">Creates links.</param>
/// <param name="time">The clock.</param>
/// <param name="options">How long a link is reused.</param>
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

    // A link's URL is a capability for one account of one user. It is reused only for callers with an error of the same
    // account, and only for a short time.
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
            // The original error is more useful than a failure to create the link, so it is returned without a link.
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
        // An account that mints or uses a static credential is repaired by a new credential, not by consent.
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
                // A reconnect must not silently connect another identity to the account.
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

    // A link that a browser has opened meanwhile cannot be used by any other browser.
    private async Task<bool> IsUnusedAsync(string url, CancellationToken cancellationToken) =>
        await sessions.FindByTokenAsync(LinkSecrets.Hash(url[(url.LastIndexOf('/') + 1)..]), cancellationToken)
            is { Status: LinkStatus.Ready };
}
