using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>The status of a key version. It changes only forward: prepared, active, retired, destroyed.</summary>
public enum OrganizationKeyStatus
{
    /// <summary>Written and verified to unwrap; not yet used to seal.</summary>
    Prepared = 1,

    /// <summary>New values are sealed under the highest active version.</summary>
    Active = 2,

    /// <summary>Decrypts old values; seals no new ones.</summary>
    Retired = 3,

    /// <summary>The wrapped bytes are erased. Values sealed under it can never be decrypted again.</summary>
    Destroyed = 4,
}

/// <summary>
/// One version of an organization's data key, wrapped. <paramref name="RowVersion"/> starts at 1 and each update
/// increments it by one: every update names the row version it read (compare-and-swap).
/// </summary>
/// <param name="Organization">The tenant.</param>
/// <param name="Version">1, 2, 3, …; unique per organization and never reused, also after destruction.</param>
/// <param name="Status">The version's status.</param>
/// <param name="Wrapped">The wrapped key; null exactly when destroyed.</param>
/// <param name="MasterKeyId">The master key that wraps it.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ChangedAt">UTC time of the last change of status, for example when a retired key was retired. A
/// re-wrap does not change it.</param>
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
