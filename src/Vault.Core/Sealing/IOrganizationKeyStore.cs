using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Wrapped keys, one row per organization and version. Rows are never deleted: a destroyed version stays as a
/// tombstone, so that its number is never used again. Exceptions are broken infrastructure; a lost race is a
/// <c>false</c>.
/// </summary>
public interface IOrganizationKeyStore
{
    /// <summary>
    /// The highest version with status Active. During a switch two may be active for a moment; the higher one counts.
    /// </summary>
    ValueTask<OrganizationKeyRow?> FindActiveAsync(OrganizationId organization, CancellationToken cancellationToken);

    ValueTask<OrganizationKeyRow?> FindAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    );

    /// <summary>All versions of the organization, ascending, tombstones included.</summary>
    ValueTask<IReadOnlyList<OrganizationKeyRow>> ListAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Inserts the row as it is (<c>RowVersion</c> 1). False when (organization, version) exists: decided by a unique
    /// key, not by looking first.
    /// </summary>
    ValueTask<bool> TryInsertAsync(OrganizationKeyRow row, CancellationToken cancellationToken);

    /// <summary>
    /// Writes status, wrapped, master key id, changed-at and row version of <paramref name="next"/> where the stored
    /// row version is still <paramref name="expectedRowVersion"/>; false otherwise. <c>next.RowVersion</c> is
    /// <paramref name="expectedRowVersion"/> + 1. A destroyed row never changes again.
    /// </summary>
    ValueTask<bool> TryUpdateAsync(
        OrganizationKeyRow next,
        long expectedRowVersion,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Erases the wrapped bytes of every version in one transaction: status Destroyed, wrapped null, row version + 1.
    /// Idempotent. Returns how many were destroyed now. Wins over any update in flight, because that update's row
    /// version no longer fits.
    /// </summary>
    ValueTask<int> DestroyAllAsync(
        OrganizationId organization,
        DateTimeOffset now,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Keys of all organizations that are not destroyed and not wrapped under <paramref name="masterKeyId"/>, ordered
    /// by (organization, version), after <paramref name="after"/>. For re-wrapping under a new master key.
    /// </summary>
    ValueTask<IReadOnlyList<OrganizationKeyRow>> ListNotUnderMasterAsync(
        string masterKeyId,
        OrganizationKeyPosition? after,
        int limit,
        CancellationToken cancellationToken
    );
}

/// <summary>A place in the order (organization, version).</summary>
public readonly record struct OrganizationKeyPosition(OrganizationId Organization, uint Version);
