using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Core.Keys;

/// <summary>How far a rotation has come. The row outlives a crash; the job goes on from it on any host.</summary>
public enum KeyRotationPhase
{
    /// <summary>The new version is being written and proven to unwrap.</summary>
    Preparing = 1,

    /// <summary>The new version is active; rows are being re-sealed.</summary>
    Resealing = 2,

    /// <summary>Nothing is left under an older version; the older ones are retired.</summary>
    Finished = 3,
}

/// <param name="Organization">The tenant; one rotation at a time.</param>
/// <param name="ToVersion">The version that becomes the only one in use.</param>
/// <param name="Phase">Where the job goes on.</param>
/// <param name="Cursor">The last row of the last page that was done; null before the first.</param>
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
    /// <summary>Who asked for it.</summary>
    public string RequestedBy { get; init; } = "system";

    /// <summary>
    /// Names of rows that did not open in the last pass and keep the rotation from its end, at most
    /// <see cref="KeyRotation.MaxNamed"/>; empty where it is not blocked.
    /// </summary>
    public IReadOnlyList<string> Blocked { get; init; } = [];
}

/// <summary>The journal of key rotations, at most one row per organization.</summary>
public interface IKeyRotationStore
{
    ValueTask<KeyRotationRow?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>
    /// Inserts (expected 0) or updates where the stored row version is <paramref name="expectedRowVersion"/>; false
    /// when another host was faster. The drafts go to the ledger's outbox in the same transaction or not at all.
    /// </summary>
    ValueTask<bool> TrySaveAsync(
        KeyRotationRow row,
        long expectedRowVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>Organizations with a rotation that is not finished, for the host to resume on start.</summary>
    ValueTask<IReadOnlyList<OrganizationId>> ListUnfinishedAsync(int limit, CancellationToken cancellationToken);
}
