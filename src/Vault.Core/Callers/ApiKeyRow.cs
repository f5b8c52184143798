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
);
