using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// An execution, checked by the gateway as far as the request alone allows, on its way to the account's owner.
/// </summary>
public sealed record ExecutionOrder
{
    public required string ExecutionId { get; init; }

    public required AccountId Account { get; init; }

    public required string Tool { get; init; }

    /// <summary>
    /// The pack version the tool was found in; the owner refuses another rather than run what was not checked.
    /// </summary>
    public required string PackVersion { get; init; }

    public required JsonElement Input { get; init; }

    public string? PageToken { get; init; }

    /// <summary>The provider's whole answer instead of the tool's data.</summary>
    public bool Raw { get; init; }

    public required string CallerKey { get; init; }

    public string? Agent { get; init; }

    public ImmutableArray<string> Delegation { get; init; } = [];

    public string? AgentRunId { get; init; }

    public string? ApprovalId { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public string? TraceParent { get; init; }
}
