using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// A person's decision on one destructive execution. It is bound to the tool, the account and the digest of the input,
/// so it permits no other execution.
/// </summary>
public sealed record ApprovalRow(
    string Id,
    OrganizationId Organization,
    AccountId Account,
    string Tool,
    string InputDigest,
    string RequestedBy,
    ApprovalStatus Status,
    string? DecidedBy,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
);
