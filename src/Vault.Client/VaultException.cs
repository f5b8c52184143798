using System.Net;

namespace Vault.Client;

public sealed record InputViolation(string Path, string Message);

/// <summary>An error of the vault (RFC 9457), with members that tell an agent how to react.</summary>
/// <param name="Code">One of the codes in docs/errors.md.</param>
/// <param name="Advice">What to do, worded for an agent.</param>
public sealed record VaultProblem(
    string Code,
    string Title,
    int Status,
    string Detail,
    bool CanRetry,
    long? RetryAfterMs,
    string? Advice,
    string? StatusReason,
    string? ReconnectUrl,
    IReadOnlyList<string>? MissingScopes,
    IReadOnlyList<InputViolation>? Violations,
    string? ExecutionId,
    string? Outcome,
    string? RequestId
)
{
    /// <summary>What the provider said, where it refused.</summary>
    public UpstreamSaid? Upstream { get; init; }
}

/// <summary>
/// The vault rejected the call or was unreachable. The subclass says how to react; <see cref="Problem"/> has the
/// details.
/// </summary>
public abstract class VaultException(VaultProblem problem, Exception? inner = null)
    : Exception($"{problem.Code}: {problem.Detail}", inner)
{
    public VaultProblem Problem { get; } = problem;

    internal static VaultException From(VaultProblem problem, Exception? inner = null) =>
        problem switch
        {
            { Code: "outcome_unknown" } or { Outcome: "outcome_unknown" } => new OutcomeUnknownException(
                problem,
                inner
            ),
            { Code: "approval_required" } => new ApprovalNeededException(problem),
            { ReconnectUrl: not null } or { Code: "auth_revoked" or "reauth_required" or "account_not_connected" } =>
                new ReconnectNeededException(problem),
            { CanRetry: true } => new RetryLaterException(problem, inner),
            { Status: (int)HttpStatusCode.BadRequest or (int)HttpStatusCode.UnprocessableEntity } =>
                new InvalidCallException(problem),
            _ => new RefusedException(problem),
        };
}

/// <summary>A person must reconnect the account, at <see cref="Url"/>.</summary>
public sealed class ReconnectNeededException(VaultProblem problem) : VaultException(problem)
{
    public string? Url => Problem.ReconnectUrl;
}

/// <summary>A person must approve the call; then send it again with <see cref="ApprovalId"/>.</summary>
public sealed class ApprovalNeededException(VaultProblem problem) : VaultException(problem)
{
    public string? ApprovalId => Problem.StatusReason;
}

/// <summary>A retry may succeed later; nothing was done, or a repetition has no further effect.</summary>
public sealed class RetryLaterException(VaultProblem problem, Exception? inner = null) : VaultException(problem, inner)
{
    public TimeSpan? RetryAfter => Problem.RetryAfterMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null;
}

/// <summary>The provider may or may not have acted: read its state before acting again.</summary>
public sealed class OutcomeUnknownException(VaultProblem problem, Exception? inner = null)
    : VaultException(problem, inner);

/// <summary>The call is invalid; <see cref="VaultProblem.Violations"/> lists the faults.</summary>
public sealed class InvalidCallException(VaultProblem problem) : VaultException(problem);

/// <summary>Not allowed, unknown, or impossible; a retry has the same result.</summary>
public sealed class RefusedException(VaultProblem problem) : VaultException(problem);
