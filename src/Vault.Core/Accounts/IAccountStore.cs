using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Core.Accounts;

/// <param name="Subject">The provider's id of the person or workspace.</param>
public sealed record AccountFilter(
    UserId? User = null,
    ConnectionName? Connection = null,
    string? Provider = null,
    AccountStatus? Status = null,
    string? Subject = null
);

/// <summary>A due account, found across organizations: its identity and nothing of its content.</summary>
public sealed record DueAccount(AccountKey Key, AccountId Id, string Provider, DateTimeOffset DueAt);

/// <summary>
/// The store arbitrates between hosts (law 3): every write is a compare-and-swap, ledger drafts are written in the same
/// transaction (outbox), and the caller passes the time.
/// </summary>
public interface IAccountStore
{
    Task<AccountSnapshot?> FindAsync(AccountKey key, CancellationToken cancellationToken);

    Task<AccountSnapshot?> FindAsync(OrganizationId organization, AccountId id, CancellationToken cancellationToken);

    /// <summary>
    /// All accounts of a user at a provider (a handful), any connection and label, with the gate. The list may be
    /// empty. Null when the organization is unknown.
    /// </summary>
    Task<UserAccounts?> FindForUserAsync(
        OrganizationId organization,
        UserId user,
        string provider,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Inserts with version 1. Unique on the key and on the id: the second of two concurrent inserts is
    /// <see cref="WriteOutcome.Stale"/>.
    /// </summary>
    Task<WriteOutcome> InsertAsync(
        AccountRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Writes the row (with <c>Version = expectedVersion + 1</c>) only if the stored version is the expected one.
    /// </summary>
    Task<WriteOutcome> UpdateAsync(
        AccountRow row,
        long expectedVersion,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>Deletes the row only if the stored version is the expected one.</summary>
    Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        AccountId id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    Task<Page<AccountRow>> ListAsync(
        OrganizationId organization,
        AccountFilter filter,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Accounts due at or before <paramref name="now"/>, most urgent first, across organizations whose gate is open.
    /// Those in <paramref name="mine"/> of <paramref name="shards"/> shards by a stable hash of the key (0 of 1 = all).
    /// </summary>
    /// <param name="without">Providers to leave out: they have as many refreshes under way as they take.</param>
    Task<IReadOnlyList<DueAccount>> FindDueAsync(
        DateTimeOffset now,
        IReadOnlyCollection<int> mine,
        int shards,
        int limit,
        IReadOnlyCollection<string> without,
        CancellationToken cancellationToken
    );

    /// <summary>The number of accounts due now, for the backlog metric.</summary>
    Task<long> CountDueAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Records uses without a change of version. The host batches them: at most one write per account and minute.
    /// </summary>
    Task TouchAsync(
        IReadOnlyList<(OrganizationId Organization, AccountId Id, DateTimeOffset UsedAt)> uses,
        CancellationToken cancellationToken
    );
}

/// <summary>The accounts of one user at one provider and the organization's gate.</summary>
public sealed record UserAccounts(IReadOnlyList<AccountRow> Rows, Identity.Gate Gate);
