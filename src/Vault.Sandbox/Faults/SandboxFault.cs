namespace Vault.Sandbox.Faults;

/// <summary>
/// Which endpoint a fault waits at. <see cref="Api"/> is the echo API under all three ways to authenticate.
/// </summary>
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
    /// Wait <see cref="SandboxFault.DelayMs"/> on the sandbox's clock, then go on; the sandbox goes on even when the
    /// caller has left.
    /// </summary>
    Slow,

    /// <summary>Hold the request until the gate of the fault is opened.</summary>
    Hold,

    /// <summary>Cut the connection without having acted.</summary>
    DropBefore,

    /// <summary>Act (rotate, create, revoke), then cut the connection instead of answering.</summary>
    DropAfter,

    /// <summary>429 with Retry-After.</summary>
    RateLimited,

    /// <summary>
    /// The status in <see cref="SandboxFault.Status"/>, 503 by default; with Retry-After where
    /// <see cref="SandboxFault.RetryAfterSeconds"/> is set.
    /// </summary>
    ServerError,

    /// <summary>200 with {"ok":false,"error":"..."}.</summary>
    ErrorBody,

    /// <summary>200 application/json whose body is cut in the middle.</summary>
    MalformedJson,

    /// <summary>
    /// 400 invalid_grant with <see cref="SandboxFault.ErrorDescription"/>; the grant itself is not touched.
    /// </summary>
    InvalidGrant,

    /// <summary>
    /// The API refuses the presented, not yet expired access token from now on, until the client refreshes.
    /// </summary>
    EarlyUnauthorized,

    /// <summary>At consent only <see cref="SandboxFault.Scopes"/> are granted, whatever was ticked.</summary>
    NarrowScope,

    /// <summary>At consent <see cref="SandboxFault.Subject"/> signs in, whoever was chosen.</summary>
    WrongIdentity,
}

/// <summary>
/// Whether a waiting or answering fault strikes before the sandbox acts (it then does not act, unless it only waits) or
/// after it.
/// </summary>
public enum FaultPhase
{
    Before,
    After,
}

/// <summary>One fault: where, what, for how many requests. Filters that are null match everything.</summary>
public sealed record SandboxFault
{
    public required FaultKind Kind { get; init; }

    public FaultTarget Target { get; init; } = FaultTarget.Any;

    /// <summary>For the next so many matching requests; null is until cleared.</summary>
    public int? Times { get; init; }

    /// <summary>Only requests whose path starts so, for example "/api/items".</summary>
    public string? PathPrefix { get; init; }

    public string? ClientId { get; init; }

    /// <summary>Only requests that present a token of this grant.</summary>
    public string? GrantId { get; init; }

    /// <summary>Only token requests of this grant type, for example "refresh_token".</summary>
    public string? GrantType { get; init; }

    public FaultPhase Phase { get; init; }

    public int DelayMs { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public int Status { get; init; } = 503;

    public string? Error { get; init; }

    public string? ErrorDescription { get; init; }

    public IReadOnlyList<string>? Scopes { get; init; }

    public string? Subject { get; init; }

    /// <summary>Every wrong value with its field name and the fix; empty when the fault can be set.</summary>
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
            yield return "delay_ms is missing; say how long a slow request takes";
        }

        if (Status is < 400 or > 599)
        {
            yield return $"status is {Status}; use 400 to 599";
        }

        if (Kind == FaultKind.NarrowScope && Scopes is null)
        {
            yield return "scopes is missing; list what is still granted";
        }

        if (Kind == FaultKind.WrongIdentity && string.IsNullOrEmpty(Subject))
        {
            yield return "subject is missing; say who signs in instead";
        }

        if (PathPrefix is not null && !PathPrefix.StartsWith('/'))
        {
            yield return $"path_prefix is '{PathPrefix}'; start it with /";
        }
    }
}
