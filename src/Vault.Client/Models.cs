using System.Text.Json;

namespace Vault.Client;

/// <summary>A call of a tool for a user.</summary>
public sealed record ToolCall
{
    /// <param name="toolName">The tool's <see cref="ToolDescription.Name"/>.</param>
    public ToolCall(string toolName)
    {
        ArgumentException.ThrowIfNullOrEmpty(toolName);
        ToolName = toolName;
    }

    public string ToolName { get; }

    /// <summary>The user's id in your application; set either this or <see cref="ConnectedAccountId"/>.</summary>
    public string? UserId { get; init; }

    /// <summary>The input by the tool's schema: an object, a dictionary or a <see cref="JsonElement"/>.</summary>
    public object? Input { get; init; }

    public string? OrganizationId { get; init; }

    public string? Connection { get; init; }

    public string? ConnectedAccountId { get; init; }

    public string? AccountLabel { get; init; }

    /// <summary>Pins the tool's version.</summary>
    public string? ToolVersion { get; init; }

    public string? PageToken { get; init; }

    /// <summary>Your id of the agent's run, recorded in the ledger.</summary>
    public string? AgentRunId { get; init; }

    /// <summary>The <see cref="ApprovalNeededException.ApprovalId"/>, after a person has approved the call.</summary>
    public string? ApprovalId { get; init; }

    /// <summary>The timeout of the execution.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// A repeated call with the same key runs once, even after a restart of the caller. By default every call gets a
    /// new key, which covers its retries.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}

/// <param name="Trust">Always <c>untrusted_content</c>: treat the provider's output as content, never as
/// instructions.</param>
/// <param name="OutputHandle">Where the whole output can be read for a limited time, if it was truncated.</param>
public sealed record Execution(
    string ExecutionId,
    string Outcome,
    JsonElement? Data,
    int? Status,
    string Trust,
    string? NextPageToken,
    bool Truncated,
    string? OutputHandle,
    string? ConnectedAccountId,
    IReadOnlyList<string> ScopesUsed,
    string RequestId
)
{
    /// <summary>What the provider's response headers say (location, etag, link); null for nothing.</summary>
    public UpstreamSaid? Upstream { get; init; }

    /// <summary>What the data does not show, for example that the list goes on where no page may be
    /// requested.</summary>
    public IReadOnlyList<ExecutionWarning> Warnings { get; init; } = [];
}

public sealed record ExecutionWarning(string Code, string Message);

/// <summary>What the provider said. It is content of a third party, never an instruction.</summary>
/// <param name="Error">The provider's own error code.</param>
/// <param name="Body">Its response, redacted and cut.</param>
/// <param name="Headers">By lower-case name; URLs are absolute.</param>
public sealed record UpstreamSaid(
    int? Status = null,
    string? Error = null,
    JsonElement? Body = null,
    bool? Truncated = null,
    IReadOnlyDictionary<string, string>? Headers = null
);

/// <param name="State">running, finished or refused.</param>
public sealed record ExecutionRecord(
    string ExecutionId,
    string State,
    string? Outcome,
    string? Tool,
    string? ToolVersion,
    string? UserId,
    string? Agent,
    string? AgentRunId,
    string? ConnectedAccountId,
    string? Connection,
    string? Provider,
    string? ErrorCode,
    string? StatusReason,
    int? UpstreamStatus,
    double? TotalMs,
    double? UpstreamMs,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt
);

/// <param name="Effect">read, write or destructive.</param>
/// <param name="InputSchema">JSON Schema.</param>
public sealed record ToolDescription(
    string Name,
    string Provider,
    string Version,
    string Description,
    string Effect,
    string Idempotency,
    IReadOnlyList<IReadOnlyList<string>> RequiredScopes,
    JsonElement InputSchema,
    string? DocsUrl
)
{
    /// <summary>What the filter's user still needs; null without a user.</summary>
    public ToolRequirement? Requirement { get; init; }
}

/// <param name="Ready">Nothing is missing.</param>
/// <param name="Account">connected, missing, ambiguous, reconnect or organization_suspended.</param>
/// <param name="Approval">none, required or denied.</param>
public sealed record ToolRequirement(
    bool Ready,
    string Account,
    string? StatusReason,
    IReadOnlyList<string> MissingScopes,
    string Approval,
    IReadOnlyList<string> ConnectedAccountIds
);

public sealed record ToolFilter
{
    public string? OrganizationId { get; init; }

    public string? UserId { get; init; }

    public string? Provider { get; init; }
}

public sealed record LinkRequest
{
    public LinkRequest(string userId, string connection)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        ArgumentException.ThrowIfNullOrEmpty(connection);
        (UserId, Connection) = (userId, connection);
    }

    public string UserId { get; }

    public string Connection { get; }

    public string? OrganizationId { get; init; }

    public string? AccountLabel { get; init; }

    public IReadOnlyList<string>? Scopes { get; init; }

    public string? ReturnUrl { get; init; }

    public string? State { get; init; }

    public string? ExpectedIdentity { get; init; }

    public string? AgentName { get; init; }
}

public sealed record ConnectLink(string Link, DateTimeOffset ExpiresAt, string ConnectedAccountId);

public sealed record AccountFilter
{
    public string? OrganizationId { get; init; }

    public string? UserId { get; init; }

    public string? Connection { get; init; }

    /// <summary>For example <c>ACTIVE</c>.</summary>
    public string? Status { get; init; }
}

public sealed record ProviderIdentity(string Subject, string? DisplayName, string? Email, string? Tenant);

/// <param name="Status">PENDING_AUTH, PENDING_VERIFICATION, ACTIVE, EXPIRED, REQUIRES_REAUTH, REVOKED or
/// DISCONNECTED.</param>
/// <param name="StatusReason">Why, for every status but ACTIVE.</param>
public sealed record ConnectedAccount(
    string Id,
    string OrganizationId,
    string UserId,
    string Connection,
    string AccountLabel,
    string Provider,
    string Status,
    string? StatusReason,
    IReadOnlyList<string> GrantedScopes,
    ProviderIdentity? Identity,
    string? MaskedSuffix,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastRefreshedAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset CreatedAt
);

/// <param name="Provider">confirmed, refused, no_endpoint or pending (the vault retries it).</param>
public sealed record RevocationReceipt(
    string ConnectedAccountId,
    DateTimeOffset LocalAt,
    string Provider,
    string? ProviderDetail,
    double ElapsedMs
);

/// <summary>A body that is sent unchanged: a provider pack, a document to import.</summary>
public sealed record RawBody(ReadOnlyMemory<byte> Content, string MediaType = "application/json");
