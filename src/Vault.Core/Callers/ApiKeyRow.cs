using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Callers;

/// <summary>A key of a caller: <c>vk_live_{id}_{secret}</c>. Only the digest of the secret is stored.</summary>
/// <param name="Organization">The organization it is bound to; null for a platform key.</param>
public sealed record ApiKeyRow(
    string Id,
    OrganizationId? Organization,
    string Name,
    string SecretHash,
    string Suffix,
    ImmutableArray<string> Permissions,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt
)
{
    /// <summary>The key that made it; null for a key that an operator made.</summary>
    public string? MadeBy { get; init; }

    /// <summary>
    /// The principals above it, the first maker first. A principal is named by its first key and keeps that name when
    /// its key is rotated. Empty for a key that an operator made.
    /// </summary>
    public ImmutableArray<string> Ancestors { get; init; } = [];

    /// <summary>The first key of its principal, when a rotation made this one; otherwise null.</summary>
    public string? RotatedFrom { get; init; }

    public KeyConstraints Constraints { get; init; } = KeyConstraints.None;

    public string Principal => RotatedFrom ?? Id;
}
