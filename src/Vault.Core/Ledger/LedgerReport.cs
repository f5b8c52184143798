using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>The faults that a chain can have.</summary>
public enum LedgerFault
{
    /// <summary>The body does not match the linked digest.</summary>
    BodyChanged = 1,

    /// <summary>A query column differs from the body: a query would miss the entry or find it wrongly.</summary>
    IndexChanged = 2,

    /// <summary>
    /// A field of the entry itself (id, time, digest, previous hash, hash) differs from the linked one.
    /// </summary>
    EntryChanged = 3,

    /// <summary>The entry was replaced and hashed again: the next entry was linked to another one.</summary>
    EntryReplaced = 4,

    /// <summary>Entries are missing.</summary>
    Removed = 5,

    /// <summary>An entry was inserted that is not part of the chain.</summary>
    Inserted = 6,

    /// <summary>A genuine entry is in the wrong place.</summary>
    Reordered = 7,

    /// <summary>The entry belongs to another organization's chain.</summary>
    ForeignOrganization = 8,

    /// <summary>The chain up to here has another hash than the kept or stored head.</summary>
    HeadMismatch = 9,

    /// <summary>A line of an export is not an entry.</summary>
    Unreadable = 10,
}

/// <summary>One fault, or a run of the same fault.</summary>
/// <param name="FromSeq">The first sequence number concerned; a line number for
/// <see cref="LedgerFault.Unreadable"/>.</param>
/// <param name="ToSeq">The last one; the same for a single entry.</param>
/// <param name="Fault">The kind of fault.</param>
/// <param name="Detail">A description.</param>
/// <param name="EventId">The entry concerned, if it exists.</param>
public sealed record LedgerFinding(long FromSeq, long ToSeq, LedgerFault Fault, string Detail, string? EventId);

/// <param name="Organization">The owner of the chain.</param>
/// <param name="Entries">Entries read.</param>
/// <param name="Erased">Entries whose body was erased; they verify by their digest.</param>
/// <param name="Last">The end of the chain as read: keep it for the next verification.</param>
/// <param name="Findings">All faults in the order of their sequence numbers; at most <see cref="MaxFindings"/>.</param>
/// <param name="FindingsTotal">The number of faults, including those beyond the limit.</param>
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

    /// <summary>The first fault; null when the chain is intact.</summary>
    public LedgerFinding? First => Findings.Count > 0 ? Findings[0] : null;
}
