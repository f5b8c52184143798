using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>The caller of an act.</summary>
/// <param name="Id">The caller's key id, or <c>system</c>.</param>
public readonly record struct LedgerCaller(string Id, string? Agent, ImmutableArray<string> Delegation)
{
    public static implicit operator LedgerCaller(string id) => new(id, null, []);
}

/// <summary>The call that an entry belongs to.</summary>
/// <param name="ArgumentDigest">SHA-256 of the input, hexadecimal; the input itself is never stored.</param>
/// <param name="TraceParent">W3C trace context; the entry keeps its trace id.</param>
public readonly record struct LedgerRequest(
    string ExecutionId,
    string? AgentRunId,
    string ArgumentDigest,
    string? TraceParent
)
{
    /// <summary>What permitted a destructive call.</summary>
    public LedgerApproval? Approval { get; init; }
}

/// <summary>An approval as the entry of its execution names it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="With">The key that approved.</param>
/// <param name="By">The person whom that key named.</param>
public readonly record struct LedgerApproval(string Id, string? With, string? By);

/// <summary>The account of an act, as far as it is known.</summary>
public readonly record struct LedgerAccount(
    OrganizationId Organization,
    UserId? User,
    AccountId? Id,
    ConnectionName? Connection,
    string? Provider
)
{
    public LedgerAccount(AccountKey key, AccountId id, string? provider)
        : this(
            (key ?? throw new ArgumentNullException(nameof(key))).Organization,
            key.User,
            id,
            key.Connection,
            provider
        ) { }
}

/// <summary>The tool that was called.</summary>
/// <param name="Effect">What it does upstream: <c>read</c>, <c>write</c> or <c>destructive</c>; null where the call was
/// refused before the account was found.</param>
public readonly record struct LedgerTool(string Name, string Version, string? Effect);

/// <summary>An API key as an entry names it.</summary>
public readonly record struct LedgerApiKey(
    string Id,
    string Name,
    IReadOnlyList<string> Permissions,
    DateTimeOffset? ExpiresAt
)
{
    public string? MadeBy { get; init; }

    /// <summary>The lists that limit it, by the names of their fields; null when none does.</summary>
    public IReadOnlyDictionary<string, ImmutableArray<string>>? Constraints { get; init; }

    /// <summary>The key that replaces it, when it is rotated.</summary>
    public string? Successor { get; init; }

    /// <summary>The compromised key that it was made with, when it is revoked for that.</summary>
    public string? RevokedWith { get; init; }

    /// <summary>Why it is revoked.</summary>
    public string? Reason { get; init; }
}

/// <summary>How a call ended.</summary>
public readonly record struct LedgerResult(string Outcome, string? ErrorCode, string? StatusReason)
{
    public int? UpstreamStatus { get; init; }

    public TimeSpan? Total { get; init; }

    public TimeSpan? Upstream { get; init; }

    /// <summary>Whether a response of the provider repeated the credential.</summary>
    public bool CredentialEchoed { get; init; }
}

/// <summary>A setting that an act has changed, with its old and new value; null where it had or has none.</summary>
public readonly record struct LedgerChange(string Setting, object? Old, object? New);
