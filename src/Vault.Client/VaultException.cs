using System.Net;

namespace Vault.Client;

public sealed record InputViolation(string Path, string Message);

/// <summary>The vault's own words for an error (RFC 9457), with what an agent needs to act on it.</summary>
/// <param name="Code">One of the codes in docs/errors.md.</param>
/// <param name="Advice">What to do, in words for an agent.</param>
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
);

/// <summary>
/// The vault said no, or could not be reached. The type says what to do; <see cref="Problem"/> has the details.
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

/// <summary>A person must connect the account again, at <see cref="Url"/>.</summary>
public sealed class ReconnectNeededException(VaultProblem problem) : VaultException(problem)
{
    public string? Url => Problem.ReconnectUrl;
}

/// <summary>A person must approve the call; then send it again with <see cref="ApprovalId"/>.</summary>
public sealed class ApprovalNeededException(VaultProblem problem) : VaultException(problem)
{
    public string? ApprovalId => Problem.StatusReason;
}

/// <summary>It may work later; nothing was done, or doing it again changes nothing more.</summary>
public sealed class RetryLaterException(VaultProblem problem, Exception? inner = null) : VaultException(problem, inner)
{
    public TimeSpan? RetryAfter => Problem.RetryAfterMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null;
}

/// <summary>The provider may or may not have acted: read its state before acting again.</summary>
public sealed class OutcomeUnknownException(VaultProblem problem, Exception? inner = null)
    : VaultException(problem, inner);

/// <summary>The call itself is wrong; <see cref="VaultProblem.Violations"/> names the places.</summary>
public sealed class InvalidCallException(VaultProblem problem) : VaultException(problem);

/// <summary>Not allowed, not known, or not possible; sending it again changes nothing.</summary>
public sealed class RefusedException(VaultProblem problem) : VaultException(problem);
