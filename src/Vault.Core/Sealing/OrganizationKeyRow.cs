using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>A key version's life goes one way: prepared, active, retired, destroyed.</summary>
public enum OrganizationKeyStatus
{
    /// <summary>Written, known to unwrap, not yet used to seal.</summary>
    Prepared = 1,

    /// <summary>New values are sealed under the highest active version.</summary>
    Active = 2,

    /// <summary>Opens old values; seals nothing new.</summary>
    Retired = 3,

    /// <summary>The wrapped bytes are erased; whatever was sealed under it is gone for good.</summary>
    Destroyed = 4,
}

/// <summary>
/// One version of an organization's data key, wrapped. <paramref name="RowVersion"/> starts at 1 and goes up by one
/// with each update: every update names the version it read (compare-and-swap).
/// </summary>
/// <param name="Organization">The tenant.</param>
/// <param name="Version">1, 2, 3, …; unique per organization and never reused, also after destruction.</param>
/// <param name="Status">Where the version is in its life.</param>
/// <param name="Wrapped">The wrapped key; null exactly when destroyed.</param>
/// <param name="MasterKeyId">The master key that wraps it.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ChangedAt">UTC, of the last change of status: since when a retired key is one. Another master key
/// changes nothing about that.</param>
/// <param name="RowVersion">For compare-and-swap.</param>
public sealed record OrganizationKeyRow(
    OrganizationId Organization,
    uint Version,
    OrganizationKeyStatus Status,
    byte[]? Wrapped,
    string MasterKeyId,
    DateTimeOffset CreatedAt,
    DateTimeOffset ChangedAt,
    long RowVersion
)
{
    public override string ToString() => $"{Organization.Value} key {Version} {Status}, row version {RowVersion}";
}
