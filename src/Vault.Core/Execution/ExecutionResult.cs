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

    /// <summary>The provider's headers that a caller can use; of a failure they are in its error.</summary>
    public ImmutableArray<UpstreamHeader> UpstreamHeaders { get; init; } = [];

    public ImmutableArray<ExecutionWarning> Warnings { get; init; } = [];

    public string? ConnectedAccountId { get; init; }

    public ImmutableArray<string> ScopesUsed { get; init; } = [];
}

/// <summary>Something about a successful result that its data does not show.</summary>
public sealed record ExecutionWarning(string Code, string Message)
{
    /// <summary>The provider names a next page that the vault may not request.</summary>
    public const string NextPageNotFollowed = "next_page_not_followed";

    /// <summary>The response was longer than the read limit, so the position of its next page was not read.</summary>
    public const string NextPageUnknown = "next_page_unknown";

    /// <summary>The provider acted, but its response is not encoded as its headers say.</summary>
    public const string BodyUnreadable = "body_unreadable";
}
