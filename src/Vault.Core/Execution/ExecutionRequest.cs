using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// A request to execute, as the caller sent it, parsed. The order carries it to the owner of the account.
/// </summary>
public sealed record ExecutionRequest
{
    /// <summary>For a raw call: the name that <see cref="ProxyTool"/> gives it.</summary>
    public required string ToolName { get; init; }

    public required OrganizationId Organization { get; init; }

    public UserId? User { get; init; }

    public required JsonElement Input { get; init; }

    public ConnectionName? Connection { get; init; }

    public AccountId? Account { get; init; }

    public string? AccountLabel { get; init; }

    /// <summary>Pins the tool's version; null takes the current version.</summary>
    public string? ToolVersion { get; init; }

    public string? PageToken { get; init; }

    /// <summary>Return the provider's whole response instead of the tool's data.</summary>
    public bool Raw { get; init; }

    public string? AgentRunId { get; init; }

    public string? ApprovalId { get; init; }

    public TimeSpan? Timeout { get; init; }

    public string? TraceParent { get; init; }
}
