using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// What a caller did, before it has its place in the chain. Every field is present in the entry, null where it does not
/// apply.
/// </summary>
public sealed record LedgerDraft
{
    /// <summary><c>evt_…</c>, unique; an append that is repeated after a crash is recognised by it.</summary>
    public required string EventId { get; init; }

    public required OrganizationId Organization { get; init; }

    /// <summary>
    /// For example <c>execution.started</c>, <c>execution.finished</c>, <c>account.connected</c>,
    /// <c>account.refreshed</c>, <c>account.revoked</c>, <c>organization.suspended</c>.
    /// </summary>
    public required string Type { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>The caller's key id, or <c>system</c>.</summary>
    public required string Caller { get; init; }

    public string? Agent { get; init; }

    public string? User { get; init; }

    public ImmutableArray<string> Delegation { get; init; } = [];

    public string? ExecutionId { get; init; }

    public string? AgentRunId { get; init; }

    public string? TraceId { get; init; }

    public string? Tool { get; init; }

    public string? ToolVersion { get; init; }

    public string? Account { get; init; }

    public string? Connection { get; init; }

    public string? Provider { get; init; }

    public ImmutableArray<string> ScopesGranted { get; init; } = [];

    public ImmutableArray<string> ScopesUsed { get; init; } = [];

    /// <summary>SHA-256 of the input, hexadecimal; the input itself is never stored.</summary>
    public string? ArgumentDigest { get; init; }

    public string? Outcome { get; init; }

    public string? ErrorCode { get; init; }

    public string? StatusReason { get; init; }

    public int? UpstreamStatus { get; init; }

    /// <summary>Milliseconds from receipt to the response.</summary>
    public double? TotalMs { get; init; }

    /// <summary>Milliseconds spent at the provider.</summary>
    public double? UpstreamMs { get; init; }

    /// <summary>Further fields, as a JSON object; never a credential.</summary>
    public JsonElement? Details { get; init; }
}
