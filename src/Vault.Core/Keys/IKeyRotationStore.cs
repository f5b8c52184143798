using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Core.Keys;

/// <summary>The phase of a rotation. It is stored, so after a crash any host can resume the job.</summary>
public enum KeyRotationPhase
{
    /// <summary>The new version is being written and verified to unwrap.</summary>
    Preparing = 1,

    /// <summary>The new version is active; rows are being re-sealed.</summary>
    Resealing = 2,

    /// <summary>No row is sealed under an older version; the older versions are retired.</summary>
    Finished = 3,
}

/// <param name="Organization">The tenant; one rotation at a time.</param>
/// <param name="ToVersion">The version that becomes the only one in use.</param>
/// <param name="Phase">The phase in which the job resumes.</param>
/// <param name="Cursor">The last row of the last processed page; null before the first page.</param>
/// <param name="Resealed">Rows re-sealed so far, over all passes.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="ChangedAt">UTC.</param>
/// <param name="RowVersion">For compare-and-swap; 1 when first saved.</param>
public sealed record KeyRotationRow(
    OrganizationId Organization,
    uint ToVersion,
    KeyRotationPhase Phase,
    string? Cursor,
    long Resealed,
    DateTimeOffset StartedAt,
    DateTimeOffset ChangedAt,
    long RowVersion
)
{
    /// <summary>The caller that requested the rotation.</summary>
    public string RequestedBy { get; init; } = "system";

    /// <summary>
    /// Names of the rows that could not be decrypted in the last pass and block the rotation, at most
    /// <see cref="KeyRotation.MaxNamed"/>; empty when it is not blocked.
    /// </summary>
    public IReadOnlyList<string> Blocked { get; init; } = [];
}

/// <summary>The journal of key rotations, at most one row per organization.</summary>
public interface IKeyRotationStore
{
    ValueTask<KeyRotationRow?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>
    /// Inserts (expected version 0), or updates where the stored row version is <paramref name="expectedRowVersion"/>.
    /// False when another host has written first. The drafts go to the ledger's outbox in the same transaction.
    /// </summary>
    ValueTask<bool> TrySaveAsync(
        KeyRotationRow row,
        long expectedRowVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>Organizations with an unfinished rotation, for the host to resume on start.</summary>
    ValueTask<IReadOnlyList<OrganizationId>> ListUnfinishedAsync(int limit, CancellationToken cancellationToken);
}
