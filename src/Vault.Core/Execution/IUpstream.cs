using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Execution;

/// <summary>One attempt of one tool call.</summary>
/// <param name="Input">Valid against the tool's schema.</param>
/// <param name="PageToken">As an earlier reply returned it; the caller has verified that the vault issued it.</param>
/// <param name="Parameters">Connection and account parameters, validated.</param>
/// <param name="IdempotencyKey">Sent where the tool's definition says how; the same for each attempt of an
/// execution.</param>
/// <param name="Deadline">The attempt ends before this time.</param>
/// <param name="TraceParent">W3C trace context to pass on; null for none.</param>
public sealed record ToolCall(
    OrganizationId Organization,
    Tool Tool,
    JsonElement Input,
    string? PageToken,
    GrantTokens? Grant,
    StaticCredential? Credential,
    ImmutableSortedDictionary<string, string> Parameters,
    string IdempotencyKey,
    DateTimeOffset Deadline,
    string? TraceParent
)
{
    /// <summary>
    /// Return the provider's whole response: neither reduced to the tool's data nor without the members that the tool
    /// drops.
    /// </summary>
    public bool Raw { get; init; }

    /// <summary>
    /// The connection's client, where its secret signs each request (OAuth 1.0a). It takes precedence over a copy in
    /// the account's credential.
    /// </summary>
    public (string Key, Secret Secret)? Consumer { get; init; }

    /// <summary>The origins that the credential is bound to. No URL outside them is called.</summary>
    public Destinations? Bound { get; init; }

    /// <summary>
    /// The cancellation token of the call is cancelled at <see cref="Deadline"/>, so the upstream needs no timer of its
    /// own.
    /// </summary>
    public bool TokenEndsAtDeadline { get; init; }
}

public enum UpstreamOutcome
{
    Succeeded,

    /// <summary>The provider's form of a 401: allows one refresh and one retry.</summary>
    CredentialRejected,

    /// <summary>The provider says that the grant is gone; <see cref="UpstreamReply.Reason"/> says why.</summary>
    GrantDead,

    /// <summary>
    /// The grant lacks a scope; <see cref="UpstreamReply.MissingScopes"/> where the provider names them.
    /// </summary>
    ScopeMissing,
    RateLimited,

    /// <summary>The provider refused the request; sending it again changes nothing.</summary>
    Rejected,

    /// <summary>
    /// The provider failed (5xx, or an error body with that meaning). Whether it acted follows from the status.
    /// </summary>
    Unavailable,

    /// <summary>The request was sent; no response arrived in time.</summary>
    TimedOut,

    /// <summary>Nothing was sent: no connection was established.</summary>
    NotSent,

    /// <summary>The request was sent and the connection broke.</summary>
    Lost,

    /// <summary>Egress rules forbid the address; nothing was sent.</summary>
    EgressDenied,
}

/// <summary>One classified response of a provider.</summary>
/// <param name="Data">The body as JSON (a JSON string for text, base64 with its type for other content). Undefined
/// unless the call succeeded or the provider sent an error body.</param>
/// <param name="Complete">The whole body where <paramref name="Data"/> was truncated at the cap, for the output
/// handle.</param>
/// <param name="Detail">The provider's error code, redacted; never a credential.</param>
/// <param name="Sent">Whether any byte of the request may have reached the provider.</param>
public sealed record UpstreamReply(UpstreamOutcome Outcome, int? Status)
{
    public JsonElement? Data { get; init; }

    public bool Truncated { get; init; }

    public ReadOnlyMemory<byte> Complete { get; init; }

    public string? ContentType { get; init; }

    public string? NextPageToken { get; init; }

    /// <summary>
    /// The response's headers that a caller can use (<c>location</c>, <c>etag</c>, <c>link</c>), by lower-case name,
    /// redacted, their URLs absolute.
    /// </summary>
    public ImmutableArray<UpstreamHeader> Headers { get; init; } = [];

    /// <summary>What the caller must know about a result that looks complete, and is not.</summary>
    public ImmutableArray<ExecutionWarning> Warnings { get; init; } = [];

    public TimeSpan? RetryAfter { get; init; }

    public string? Reason { get; init; }

    public string? Detail { get; init; }

    public ImmutableArray<string> MissingScopes { get; init; } = [];

    /// <summary>Whether any byte of the request may have reached the provider.</summary>
    public bool Sent { get; init; } = true;

    /// <summary>
    /// Whether the response repeated the call's credential. It is replaced by <c>[credential]</c> in everything that is
    /// here.
    /// </summary>
    public bool CredentialEchoed { get; init; }

    /// <summary>
    /// The memory that a large response takes of the process's budget; the receiver of the reply disposes it when the
    /// response is gone.
    /// </summary>
    public IDisposable? Held { get; init; }
}

/// <summary>
/// Sends one attempt: maps the input, pins the host, sends, reads up to the cap, classifies. It does not retry; the
/// runner decides about retries.
/// </summary>
public interface IUpstream
{
    Task<UpstreamReply> SendAsync(ToolCall call, CancellationToken cancellationToken);
}
