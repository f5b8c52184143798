using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Core.Execution;

/// <summary>Whether an attempt may be repeated, and which outcome its failure has; pure.</summary>
public static class RetryPolicy
{
    public const int MaxAttempts = 3;

    /// <summary>The pause before another attempt; null when there is no other attempt.</summary>
    /// <param name="attempt">Attempts made so far, starting at 1.</param>
    /// <param name="timeLeft">The time until the execution's deadline.</param>
    /// <param name="jitter">0 to 1.</param>
    public static TimeSpan? Pause(
        ToolDefinition tool,
        UpstreamReply reply,
        int attempt,
        TimeSpan timeLeft,
        double jitter
    )
    {
        ArgumentNullException.ThrowIfNull(tool);
        ArgumentNullException.ThrowIfNull(reply);
        if (attempt >= MaxAttempts || !MayRepeat(tool, reply))
            return null;
        var pause = TimeSpan.FromMilliseconds(100 * Math.Pow(3, attempt - 1) * (0.5 + jitter));
        if (reply.RetryAfter is { } asked && asked > pause)
            pause = asked;

        // Half of the time left is reserved for the attempt itself. Otherwise the caller gets the retry time instead.
        return pause < timeLeft / 2 ? pause : null;
    }

    /// <summary>Only where the first attempt cannot have acted, or where the call is idempotent.</summary>
    private static bool MayRepeat(ToolDefinition tool, UpstreamReply reply) =>
        reply.Outcome switch
        {
            UpstreamOutcome.NotSent or UpstreamOutcome.RateLimited => true,
            UpstreamOutcome.Unavailable => SaysItDidNotAct(reply) || IsRepeatable(tool),
            UpstreamOutcome.Lost => IsRepeatable(tool),
            _ => false,
        };

    /// <summary>
    /// RFC 9110 15.6.4: with a 503 the server refuses for now. A 500, 502 or 504 may come after the provider has acted.
    /// </summary>
    private static bool SaysItDidNotAct(UpstreamReply reply) => reply.Status is 503 or 429 or 425 or 408;

    /// <summary>Whether this attempt may have had its effect at the provider. A clear refusal has none.</summary>
    public static bool MayHaveActed(UpstreamReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        return reply.Outcome switch
        {
            UpstreamOutcome.Succeeded or UpstreamOutcome.TimedOut or UpstreamOutcome.Lost => true,
            UpstreamOutcome.Unavailable => !SaysItDidNotAct(reply),
            _ => false,
        };
    }

    public static bool IsRepeatable(ToolDefinition tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        return tool.Effect == Effect.Read || tool.Idempotency != Idempotency.None;
    }

    /// <summary>
    /// Outcome and error code of a final reply. <paramref name="earlierMayHaveActed"/>: an earlier attempt of this
    /// execution may have acted.
    /// </summary>
    public static (Outcome Outcome, ErrorCode? Code) Classify(
        ToolDefinition tool,
        UpstreamReply reply,
        bool earlierMayHaveActed
    )
    {
        ArgumentNullException.ThrowIfNull(tool);
        ArgumentNullException.ThrowIfNull(reply);
        var acts = tool.Effect != Effect.Read;
        return reply.Outcome switch
        {
            UpstreamOutcome.Succeeded => (Outcome.Succeeded, null),

            // An earlier attempt may have acted, whatever the reply to the last one says.
            _ when acts && earlierMayHaveActed => (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown),
            UpstreamOutcome.NotSent => (
                Outcome.FailedBeforeSend,
                reply.Detail == UnsentCodes.DeadlinePassed
                    ? ErrorCatalogue.UpstreamTimeout
                    : ErrorCatalogue.UpstreamUnavailable
            ),
            UpstreamOutcome.EgressDenied => (Outcome.FailedBeforeSend, ErrorCatalogue.EgressDenied),

            // The vault refused: the provider has no part in it.
            UpstreamOutcome.Rejected or UpstreamOutcome.CredentialRejected when !reply.Sent => (
                Outcome.FailedBeforeSend,
                UnsentCodes.ErrorOf(reply.Detail)
            ),
            UpstreamOutcome.RateLimited => (Outcome.FailedUpstream, ErrorCatalogue.UpstreamRateLimited),
            UpstreamOutcome.ScopeMissing => (Outcome.FailedUpstream, ErrorCatalogue.ScopeMissing),
            UpstreamOutcome.GrantDead => (Outcome.FailedUpstream, ErrorCatalogue.AuthRevoked),
            UpstreamOutcome.Rejected or UpstreamOutcome.CredentialRejected => (
                Outcome.FailedUpstream,
                ErrorCatalogue.UpstreamRejected
            ),
            UpstreamOutcome.TimedOut => acts
                ? (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown)
                : (Outcome.FailedUpstream, ErrorCatalogue.UpstreamTimeout),
            UpstreamOutcome.Lost => acts
                ? (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown)
                : (Outcome.FailedUpstream, ErrorCatalogue.UpstreamUnavailable),
            UpstreamOutcome.Unavailable => acts && !SaysItDidNotAct(reply)
                ? (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown)
                : (Outcome.FailedUpstream, ErrorCatalogue.UpstreamUnavailable),
            _ => (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown),
        };
    }
}
