using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Callers;

/// <summary>An authenticated caller.</summary>
/// <param name="KeyId">The API key's id, as recorded in the ledger.</param>
/// <param name="Organization">Set when the key is bound to one organization: it never acts in another.</param>
public sealed record Caller(
    string KeyId,
    OrganizationId? Organization,
    ImmutableArray<string> Permissions,
    string? Agent = null,
    string? AgentName = null
)
{
    public static Caller Of(ApiKeyRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new Caller(row.Id, row.Organization, row.Permissions)
        {
            Lineage = [.. row.Ancestors, row.Principal],
            ExpiresAt = row.ExpiresAt,
            Constraints = row.Constraints,
        };
    }

    /// <summary>The key's principals: those above it, the first maker first, and its own as the last.</summary>
    public ImmutableArray<string> Lineage { get; init; } = [KeyId];

    /// <summary>When the key ends; no key that it makes lives longer.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public KeyConstraints Constraints { get; init; } = KeyConstraints.None;

    public bool May(string permission) =>
        Permissions.Contains(permission)
        || (
            Permissions.Contains(Permission.Admin)
            && permission switch
            {
                Permission.CredentialsRead => false,
                Permission.PolicyWrite => Organization is null,
                _ => true,
            }
        );

    /// <summary>Whether the caller may act in the organization at all.</summary>
    public bool Reaches(OrganizationId organization) => Organization is not { } bound || bound == organization;

    /// <summary>Whether the caller may do everything that the key may (law 13).</summary>
    public bool Covers(ApiKeyRow key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Permissions.All(May)
            && (Organization is null || Organization == key.Organization)
            && Constraints.Cover(key.Constraints);
    }

    /// <summary>
    /// Whether one of the two principals is the other or made it, at whatever distance: the holder of the maker's key
    /// can act with both.
    /// </summary>
    public bool IsOfLineage(ImmutableArray<string> other) =>
        !other.IsDefaultOrEmpty && (Lineage.Contains(other[^1]) || other.Contains(Lineage[^1]));

    /// <summary>The delegation chain user → agent → sub-agent, recorded in the ledger.</summary>
    public ImmutableArray<string> Delegation { get; init; } = [];
}
