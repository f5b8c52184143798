using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// A query on one organization's ledger. An entry matches if it satisfies all given filters. The cursor is a sequence
/// number: the chain only grows at its end, so a page never skips or repeats an entry while entries are appended.
/// </summary>
public sealed record LedgerQuery(OrganizationId Organization)
{
    public string? Type { get; init; }

    public string? ExecutionId { get; init; }

    public string? User { get; init; }

    public string? Agent { get; init; }

    public string? Tool { get; init; }

    public string? Account { get; init; }

    /// <summary>At or after this time.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Descending by seq instead of ascending.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>The last seq of the previous page: only entries after it in the direction of reading.</summary>
    public long? Cursor { get; init; }

    /// <summary>Entries per page, 1 to 1,000.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A page and the cursor of the next one; null when this is the last page.</summary>
public sealed record LedgerPage(IReadOnlyList<LedgerEntry> Entries, long? NextCursor);
