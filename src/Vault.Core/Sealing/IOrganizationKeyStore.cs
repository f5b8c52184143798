using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Wrapped keys, one row per organization and version. Rows are never deleted: a destroyed version stays as a
/// tombstone, so its number is never reused. An exception is an infrastructure failure; a lost race is
/// <c>false</c>.
/// </summary>
public interface IOrganizationKeyStore
{
    /// <summary>
    /// The highest version with status Active. During a rotation two versions may be active for a moment.
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
    /// Inserts the row (<c>RowVersion</c> 1). False when (organization, version) exists. A unique key decides this, not
    /// a read before the insert, so two concurrent inserts cannot both succeed.
    /// </summary>
    ValueTask<bool> TryInsertAsync(OrganizationKeyRow row, CancellationToken cancellationToken);

    /// <summary>
    /// Writes status, wrapped key, master key id, changed-at and row version of <paramref name="next"/> if the stored
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
    /// Idempotent. Returns how many versions this call destroyed. A concurrent update fails, because its expected row
    /// version no longer matches.
    /// </summary>
    ValueTask<int> DestroyAllAsync(
        OrganizationId organization,
        DateTimeOffset now,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Keys of all organizations that are neither destroyed nor wrapped under <paramref name="masterKeyId"/>, in the
    /// order (organization, version), after <paramref name="after"/>. Used to re-wrap under a new master key.
    /// </summary>
    ValueTask<IReadOnlyList<OrganizationKeyRow>> ListNotUnderMasterAsync(
        string masterKeyId,
        OrganizationKeyPosition? after,
        int limit,
        CancellationToken cancellationToken
    );
}

/// <summary>A position in the order (organization, version).</summary>
public readonly record struct OrganizationKeyPosition(OrganizationId Organization, uint Version);
