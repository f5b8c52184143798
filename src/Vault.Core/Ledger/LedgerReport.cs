using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>What can be wrong with a chain.</summary>
public enum LedgerFault
{
    /// <summary>The body is not the one whose digest was chained.</summary>
    BodyChanged = 1,

    /// <summary>
    /// A query column says something else than the body: the entry would be missed or wrongly found by a query.
    /// </summary>
    IndexChanged = 2,

    /// <summary>
    /// A field of the entry itself (id, time, digest, previous hash, hash) is not the one that was chained.
    /// </summary>
    EntryChanged = 3,

    /// <summary>The entry was replaced and hashed again: the next entry was chained to another one.</summary>
    EntryReplaced = 4,

    /// <summary>Entries are missing.</summary>
    Removed = 5,

    /// <summary>An entry was put in that the chain does not contain.</summary>
    Inserted = 6,

    /// <summary>A genuine entry stands in another place than its own.</summary>
    Reordered = 7,

    /// <summary>The entry belongs to another organization's chain.</summary>
    ForeignOrganization = 8,

    /// <summary>The chain up to here ends in another hash than the head that was kept or stored.</summary>
    HeadMismatch = 9,

    /// <summary>A line of an export is not an entry.</summary>
    Unreadable = 10,
}

/// <summary>One thing wrong, or a run of the same thing.</summary>
/// <param name="FromSeq">The first sequence number concerned; a line number for
/// <see cref="LedgerFault.Unreadable"/>.</param>
/// <param name="ToSeq">The last one; the same for a single entry.</param>
/// <param name="Fault">What is wrong.</param>
/// <param name="Detail">In words.</param>
/// <param name="EventId">The entry concerned, where it is there.</param>
public sealed record LedgerFinding(long FromSeq, long ToSeq, LedgerFault Fault, string Detail, string? EventId);

/// <param name="Organization">Whose chain.</param>
/// <param name="Entries">Entries read.</param>
/// <param name="Erased">Entries whose body has been erased; they verify by their digest.</param>
/// <param name="Last">The end of the chain as read: what to keep for the next time.</param>
/// <param name="Findings">Everything wrong, by sequence number, the first first; at most
/// <see cref="MaxFindings"/>.</param>
/// <param name="FindingsTotal">How many there were, also beyond the limit.</param>
public sealed record LedgerReport(
    OrganizationId Organization,
    long Entries,
    long Erased,
    LedgerHead Last,
    IReadOnlyList<LedgerFinding> Findings,
    long FindingsTotal
)
{
    public const int MaxFindings = 1_000;

    public bool IsIntact => FindingsTotal == 0;

    /// <summary>The first thing wrong; null when intact.</summary>
    public LedgerFinding? First => Findings.Count > 0 ? Findings[0] : null;
}
