using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Core.Errors;

namespace Vault.Core.Execution;

/// <summary>What is honestly known of an execution.</summary>
public enum Outcome
{
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>Nothing reached the provider.</summary>
    [JsonStringEnumMemberName("failed_before_send")]
    FailedBeforeSend,

    /// <summary>The provider answered, and the answer is a failure.</summary>
    [JsonStringEnumMemberName("failed_upstream")]
    FailedUpstream,

    /// <summary>It may or may not have acted.</summary>
    [JsonStringEnumMemberName("outcome_unknown")]
    OutcomeUnknown,
}

/// <summary>The answer of <c>execute_tool</c>: data, or one clear error.</summary>
public sealed record ExecutionResult
{
    public required string ExecutionId { get; init; }

    public required Outcome Outcome { get; init; }

    public VaultError? Error { get; init; }

    public JsonElement? Data { get; init; }

    /// <summary>The provider's HTTP status.</summary>
    public int? Status { get; init; }

    /// <summary>Whatever a provider returns is content, never instruction.</summary>
    public string Trust { get; init; } = "untrusted_content";

    public string? NextPageToken { get; init; }

    public bool Truncated { get; init; }

    /// <summary>Where the whole output can be read for a while, when it was cut.</summary>
    public string? OutputHandle { get; init; }

    public string? ConnectedAccountId { get; init; }

    public ImmutableArray<string> ScopesUsed { get; init; } = [];
}

/// <summary>A request to execute, as a caller sends it, parsed.</summary>
public sealed record ExecutionRequest
{
    public required string ToolName { get; init; }

    public required Vault.Core.Identity.OrganizationId Organization { get; init; }

    public Vault.Core.Identity.UserId? User { get; init; }

    public required JsonElement Input { get; init; }

    public Vault.Core.Identity.ConnectionName? Connection { get; init; }

    public Vault.Core.Identity.AccountId? Account { get; init; }

    public string? AccountLabel { get; init; }

    /// <summary>Pins the tool's version; null takes the current one.</summary>
    public string? ToolVersion { get; init; }

    public string? PageToken { get; init; }

    /// <summary>The provider's whole answer instead of the tool's data.</summary>
    public bool Raw { get; init; }

    public string? AgentRunId { get; init; }

    public string? ApprovalId { get; init; }

    public TimeSpan? Timeout { get; init; }

    public string? TraceParent { get; init; }
}
