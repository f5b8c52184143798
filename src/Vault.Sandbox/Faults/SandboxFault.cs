namespace Vault.Sandbox.Faults;

/// <summary>The endpoint of a fault. <see cref="Api"/> is the echo API with all three authentication methods.</summary>
public enum FaultTarget
{
    Any,
    Authorize,
    Token,
    Revoke,
    Introspect,
    Userinfo,
    Api,
}

public enum FaultKind
{
    /// <summary>
    /// Waits <see cref="SandboxFault.DelayMs"/> on the sandbox's clock, then continues, even if the client has
    /// disconnected.
    /// </summary>
    Slow,

    /// <summary>Holds the request until the fault's gate is opened.</summary>
    Hold,

    /// <summary>Cuts the connection without acting.</summary>
    DropBefore,

    /// <summary>Acts (rotates, creates, revokes), then cuts the connection instead of responding.</summary>
    DropAfter,

    /// <summary>429 with Retry-After.</summary>
    RateLimited,

    /// <summary>
    /// The status in <see cref="SandboxFault.Status"/>, 503 by default; with Retry-After if
    /// <see cref="SandboxFault.RetryAfterSeconds"/> is set.
    /// </summary>
    ServerError,

    /// <summary>200 with {"ok":false,"error":"..."}.</summary>
    ErrorBody,

    /// <summary>200 application/json with a truncated body.</summary>
    MalformedJson,

    /// <summary>
    /// 400 invalid_grant with <see cref="SandboxFault.ErrorDescription"/>; the grant itself is not affected.
    /// </summary>
    InvalidGrant,

    /// <summary>
    /// The API rejects the presented, not yet expired access token from now on, until the client refreshes.
    /// </summary>
    EarlyUnauthorized,

    /// <summary>The consent grants only <see cref="SandboxFault.Scopes"/>, whatever was selected.</summary>
    NarrowScope,

    /// <summary>At the consent <see cref="SandboxFault.Subject"/> signs in, whichever user was selected.</summary>
    WrongIdentity,
}

/// <summary>
/// Whether a fault applies before the sandbox acts or after it. Before, the sandbox does not act unless the fault only
/// waits.
/// </summary>
public enum FaultPhase
{
    Before,
    After,
}

/// <summary>A fault: its kind, its filters and its number of requests. A null filter matches everything.</summary>
public sealed record SandboxFault
{
    public required FaultKind Kind { get; init; }

    public FaultTarget Target { get; init; } = FaultTarget.Any;

    /// <summary>The number of matching requests; null until it is removed.</summary>
    public int? Times { get; init; }

    /// <summary>Only requests with this path prefix, for example "/api/items".</summary>
    public string? PathPrefix { get; init; }

    public string? ClientId { get; init; }

    /// <summary>Only requests with a token of this grant.</summary>
    public string? GrantId { get; init; }

    /// <summary>Only token requests with this grant type, for example "refresh_token".</summary>
    public string? GrantType { get; init; }

    public FaultPhase Phase { get; init; }

    public int DelayMs { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public int Status { get; init; } = 503;

    public string? Error { get; init; }

    public string? ErrorDescription { get; init; }

    public IReadOnlyList<string>? Scopes { get; init; }

    public string? Subject { get; init; }

    /// <summary>Every invalid value with its field name and the fix; empty when the fault is valid.</summary>
    public IEnumerable<string> Problems()
    {
        if (!Enum.IsDefined(Kind) || !Enum.IsDefined(Target) || !Enum.IsDefined(Phase))
        {
            yield return "kind, target or phase is unknown";
        }

        if (Times is < 1)
        {
            yield return $"times is {Times}; use 1 or more, or leave it out to keep the fault until it is cleared";
        }

        if (Kind == FaultKind.Slow && DelayMs < 1)
        {
            yield return "delay_ms is missing; give the duration of a slow request";
        }

        if (Status is < 400 or > 599)
        {
            yield return $"status is {Status}; use 400 to 599";
        }

        if (Kind == FaultKind.NarrowScope && Scopes is null)
        {
            yield return "scopes is missing; list the granted scopes";
        }

        if (Kind == FaultKind.WrongIdentity && string.IsNullOrEmpty(Subject))
        {
            yield return "subject is missing; name the identity that signs in instead";
        }

        if (PathPrefix is not null && !PathPrefix.StartsWith('/'))
        {
            yield return $"path_prefix is '{PathPrefix}'; start it with /";
        }
    }
}
