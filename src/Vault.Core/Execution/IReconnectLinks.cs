using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// Creates the link that repairs a dead or missing account, for the <c>reconnect_url</c> of an error.
/// </summary>
public interface IReconnectLinks
{
    /// <summary>
    /// A link for the account's user. Null: the connection has no consent (static credentials, client credentials), it
    /// is disabled, or a link cannot be created now. A failure here never replaces the error that the link belongs to.
    /// </summary>
    /// <param name="key">The account, which may not exist yet.</param>
    /// <param name="missingScopes">Scopes to request in addition to those of the connection; empty for none.</param>
    /// <param name="requestedBy">The caller's key id, for the ledger.</param>
    /// <param name="cancellationToken">Cancels the creation.</param>
    Task<string?> TryMakeAsync(
        AccountKey key,
        ImmutableArray<string> missingScopes,
        string requestedBy,
        CancellationToken cancellationToken
    );
}
