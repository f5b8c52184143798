using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.Sealing;

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
)
{
    /// <summary>
    /// The principals of the requesting key, as in <see cref="Callers.Caller.Lineage"/>: none of them approves. Empty
    /// in
    /// a row of an earlier version.
    /// </summary>
    public ImmutableArray<string> RequesterLineage { get; init; } = [];

    /// <summary>The input, sealed in the place <see cref="SealContext.ApprovalArguments"/>.</summary>
    public SealedBlob? Arguments { get; init; }

    /// <summary>The key that decided; <see cref="DecidedBy"/> is the person whom it named.</summary>
    public string? DecidedWith { get; init; }
}
