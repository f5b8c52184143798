using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// The tables of the ledger: entries (key: organization, seq; unique: organization, event id), heads (one row per
/// organization: seq, hash) and the outbox (drafts written in the same transaction as the change they record). The
/// store keeps bytes and order; Core links and verifies. Exceptions are infrastructure failures; every expected result
/// is a value.
/// </summary>
public interface ILedgerStore
{
    /// <summary>
    /// Appends the groups of many organizations in one transaction, durable when it returns. Per group, all or nothing:
    /// <list type="number">
    /// <item>the stored head of the organization must be <c>Expected</c> (no head row counts as
    /// <see cref="LedgerHead.Genesis"/>), else <see cref="LedgerAppendStatus.HeadMoved"/>;</item>
    /// <item>the rows of <c>FromOutbox</c> are deleted from the outbox, and all of them were there; no event id of the
    /// group is in the chain yet; else <see cref="LedgerAppendStatus.Duplicate"/>;</item>
    /// <item>the entries are inserted and the head becomes that of the last one.</item>
    /// </list>
    /// A group that does not fit leaves the others untouched. At most one group per organization. The results come in
    /// the order of the groups. One statement suffices on PostgreSQL: move the heads from arrays with <c>update … from
    /// unnest … where seq and hash fit returning</c>, insert the entries joined to the organizations returned, delete
    /// from the outbox in the same <c>with</c>.
    /// </summary>
    ValueTask<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The stored heads, in the requested order; <see cref="LedgerHead.Genesis"/> for a chain without entries.
    /// </summary>
    ValueTask<IReadOnlyList<LedgerHead>> ReadHeadsAsync(
        IReadOnlyList<OrganizationId> organizations,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Entries with <c>seq >= fromSeq</c>, ascending by seq, at most <paramref name="limit"/>; empty past the end.
    /// Returns what is stored, even if it is wrong.
    /// </summary>
    ValueTask<IReadOnlyList<LedgerEntry>> ReadAsync(
        OrganizationId organization,
        long fromSeq,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>Which of these events are in the chain. Called only for in-doubt appends.</summary>
    ValueTask<IReadOnlySet<string>> FindEventsAsync(
        OrganizationId organization,
        IReadOnlyList<string> eventIds,
        CancellationToken cancellationToken
    );

    ValueTask<LedgerPage> QueryAsync(LedgerQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// The oldest outbox rows of all organizations, in the order they were written. Rows leave the outbox only through
    /// <see cref="AppendAsync"/>.
    /// </summary>
    ValueTask<IReadOnlyList<PendingEntry>> ReadOutboxAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Erases personal data: sets body and all index columns to null for up to <paramref name="limit"/> entries of the
    /// organization that still have a body and whose seq is at most <paramref name="throughSeq"/>. Digest and hashes
    /// stay. Returns how many were erased; 0 means done.
    /// </summary>
    ValueTask<int> EraseBodiesAsync(
        OrganizationId organization,
        long throughSeq,
        int limit,
        CancellationToken cancellationToken
    );
}

/// <summary>Entries that follow <paramref name="Expected"/> in one chain, already linked, in order.</summary>
/// <param name="Organization">The chain.</param>
/// <param name="Expected">The head that the entries were linked to.</param>
/// <param name="Entries">At least one; seq increases by one from <c>Expected.Seq + 1</c>.</param>
/// <param name="FromOutbox">Event ids among the entries that leave the outbox in the same transaction; often
/// empty.</param>
public sealed record LedgerGroup(
    OrganizationId Organization,
    LedgerHead Expected,
    IReadOnlyList<LedgerEntry> Entries,
    IReadOnlyList<string> FromOutbox
);

public enum LedgerAppendStatus
{
    Appended = 1,

    /// <summary>Another writer has moved the head; nothing of the group was written.</summary>
    HeadMoved = 2,

    /// <summary>
    /// An event id is already in the chain, or its outbox row is gone; nothing of the group was written.
    /// </summary>
    Duplicate = 3,
}

/// <param name="Organization">The chain.</param>
/// <param name="Status">The result for the group.</param>
/// <param name="Head">The stored head after the call: saves the writer a second round trip when the head has
/// moved.</param>
public readonly record struct LedgerAppendResult(
    OrganizationId Organization,
    LedgerAppendStatus Status,
    LedgerHead Head
);
