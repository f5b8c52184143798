using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Callers;

/// <summary>Who is calling, after authentication.</summary>
/// <param name="KeyId">The API key's id; it is what the ledger names.</param>
/// <param name="Organization">Set when the credential is bound to one organization: it can never act in
/// another.</param>
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

    /// <summary>Whether the credential may act in the organization at all.</summary>
    public bool Reaches(OrganizationId organization) => Organization is not { } bound || bound == organization;

    /// <summary>The chain user → agent → sub-agent, carried into the ledger.</summary>
    public ImmutableArray<string> Delegation { get; init; } = [];
}
