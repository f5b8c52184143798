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
    public bool May(string permission) =>
        Permissions.Contains(permission)
        || (permission != Permission.CredentialsRead && Permissions.Contains(Permission.Admin));

    /// <summary>Whether the caller may act in the organization at all.</summary>
    public bool Reaches(OrganizationId organization) => Organization is not { } bound || bound == organization;

    /// <summary>The delegation chain user → agent → sub-agent, recorded in the ledger.</summary>
    public ImmutableArray<string> Delegation { get; init; } = [];
}
