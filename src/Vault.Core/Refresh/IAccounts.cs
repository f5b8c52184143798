using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>
/// The door to accounts that a host supplies: a keyed gate in one process, or a grain per account. Everything behind it
/// runs on the host that owns the account; no credential crosses it. The store judges either way (law 3).
/// </summary>
public interface IAccounts
{
    Task<Result<RefreshResult>> RefreshAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    );

    /// <summary>Acknowledges when no host will use the credential again (law 8).</summary>
    Task<Result<RevocationReceipt>> RevokeAsync(
        AccountKey key,
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Makes the row in PENDING_AUTH if there is none; answers the row either way (reconnect keeps the id).
    /// </summary>
    Task<Result<AccountRow>> PrepareAsync(
        AccountKey key,
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Installs a grant or credential; ACTIVE afterwards. A conflict error means: read the row and seal for its next
    /// generation again.
    /// </summary>
    Task<Result<AccountRow>> StoreGrantAsync(AccountKey key, NewGrant newGrant, CancellationToken cancellationToken);
}
