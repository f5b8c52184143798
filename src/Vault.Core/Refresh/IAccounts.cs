using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>
/// The port to the accounts: every operation runs on the silo that owns the account, and no credential crosses the
/// port. If two silos act as owner at once, the store arbitrates (law 3).
/// </summary>
public interface IAccounts
{
    Task<Result<RefreshResult>> RefreshAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    );

    /// <summary>Acknowledges when no host uses the credential any more (law 8).</summary>
    Task<Result<RevocationReceipt>> RevokeAsync(
        AccountKey key,
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Returns the account's row, and creates it in PENDING_AUTH if there is none (a reconnect keeps the id).
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
    /// Stores a grant or credential; the account is ACTIVE afterwards. After a conflict error, read the row and seal
    /// again for its next generation.
    /// </summary>
    Task<Result<AccountRow>> StoreGrantAsync(AccountKey key, NewGrant newGrant, CancellationToken cancellationToken);
}
