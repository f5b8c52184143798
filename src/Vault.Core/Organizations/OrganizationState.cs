using Vault.Core.Identity;

namespace Vault.Core.Organizations;

public sealed record OrganizationState
{
    public required OrganizationStatus Status { get; init; }

    public required Gate Gate { get; init; }

    public Cascade? Cascade { get; init; }

    /// <summary>
    /// The result of a finished erasure. It is kept so that a client that lost the response gets it with a retry.
    /// </summary>
    public ErasureTally? Erasure { get; init; }

    /// <summary>The policy for destructive tools: <c>approve</c> (default), <c>allow</c> or <c>deny</c>.</summary>
    public string DestructivePolicy { get; init; } = "approve";

    /// <summary>The limit of executions per user and minute; 0 means the host's default.</summary>
    public int UserQuotaPerMinute { get; init; }
}
