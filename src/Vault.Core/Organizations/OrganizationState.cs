using Vault.Core.Identity;

namespace Vault.Core.Organizations;

public sealed record OrganizationState
{
    public required OrganizationStatus Status { get; init; }

    public required Gate Gate { get; init; }

    public Cascade? Cascade { get; init; }

    /// <summary>What a finished erasure did, for whoever asks again because the answer was lost.</summary>
    public ErasureTally? Erasure { get; init; }

    /// <summary>What a destructive tool needs: <c>approve</c> (default), <c>allow</c> or <c>deny</c>.</summary>
    public string DestructivePolicy { get; init; } = "approve";

    /// <summary>Executions per user and minute; 0 means the host's default.</summary>
    public int UserQuotaPerMinute { get; init; }
}
