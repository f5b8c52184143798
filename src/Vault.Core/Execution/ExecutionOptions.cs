namespace Vault.Core.Execution;

public sealed record ExecutionOptions
{
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MaximumTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Executions per user and minute, where the organization sets no quota; 0 means no limit.</summary>
    public int UserQuotaPerMinute { get; init; }

    /// <summary>Executions per connection and minute, where the connection sets no quota; 0 means no limit.</summary>
    public int ConnectionQuotaPerMinute { get; init; }

    public TimeSpan ApprovalLife { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a truncated output can be read through its handle.</summary>
    public TimeSpan OutputLife { get; init; } = TimeSpan.FromMinutes(15);
}
