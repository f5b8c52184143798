using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// A request whose tool, input, caller and account are checked. It is sent to the silo that owns the account.
/// </summary>
public sealed record ExecutionOrder
{
    public required string ExecutionId { get; init; }

    public required AccountId Account { get; init; }

    /// <summary>
    /// The pack version the tool was found in. The owner refuses another version: the input was not checked against it.
    /// </summary>
    public required string PackVersion { get; init; }

    public required ExecutionRequest Request { get; init; }

    public required string CallerKey { get; init; }

    /// <summary>
    /// The principals of the caller's key, as in <see cref="Callers.Caller.Lineage"/>. Empty from a silo of an earlier
    /// version.
    /// </summary>
    public ImmutableArray<string> CallerLineage { get; init; } = [];

    public string? Agent { get; init; }

    public ImmutableArray<string> Delegation { get; init; } = [];

    /// <summary>
    /// How long the execution may take from when the owner receives it. A duration and no time of day, because the
    /// owner's clock is another host's.
    /// </summary>
    public required TimeSpan Timeout { get; init; }
}
