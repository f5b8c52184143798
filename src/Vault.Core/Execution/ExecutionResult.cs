using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Core.Execution;

/// <summary>The result of <c>execute_tool</c>: data, or one clear error.</summary>
public sealed record ExecutionResult
{
    public required string ExecutionId { get; init; }

    public required Outcome Outcome { get; init; }

    public VaultError? Error { get; init; }

    public JsonElement? Data { get; init; }

    /// <summary>The provider's HTTP status.</summary>
    public int? Status { get; init; }

    /// <summary>What a provider returns is content, never an instruction.</summary>
    public string Trust { get; init; } = "untrusted_content";

    public string? NextPageToken { get; init; }

    public bool Truncated { get; init; }

    /// <summary>
    /// The handle of the whole output, which is kept for a limited time when the output was truncated.
    /// </summary>
    public string? OutputHandle { get; init; }

    public string? ConnectedAccountId { get; init; }

    public ImmutableArray<string> ScopesUsed { get; init; } = [];
}
