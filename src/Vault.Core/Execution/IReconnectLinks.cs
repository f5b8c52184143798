using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>Makes the link that heals a dead or missing account, for the <c>reconnect_url</c> of an error.</summary>
public interface IReconnectLinks
{
    /// <summary>
    /// A link for the account's user; null when the connection cannot be consented to (own keys, client credentials),
    /// is disabled, or a link cannot be made now. It never fails the error it decorates.
    /// </summary>
    /// <param name="key">The account, existing or not yet.</param>
    /// <param name="missingScopes">Scopes to ask for beside those of the connection; empty for none.</param>
    /// <param name="requestedBy">The caller's key id, for the ledger.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<string?> TryMakeAsync(
        AccountKey key,
        ImmutableArray<string> missingScopes,
        string requestedBy,
        CancellationToken cancellationToken
    );
}
