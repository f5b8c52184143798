using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Packs;

namespace Vault.Core.Tests.Execution;

public sealed class RetryPolicyTests
{
    private static readonly TimeSpan Plenty = TimeSpan.FromMinutes(1);

    private static ToolDefinition Tool(Effect effect, Idempotency idempotency = Idempotency.None) =>
        new()
        {
            Name = "acme_do",
            Version = "1",
            Description = "Does.",
            Effect = effect,
            Idempotency = idempotency,
            Scopes = ScopeRequirement.None,
            InputSchema = JsonDocument.Parse("{}").RootElement,
            Request = null!,
        };

    private static UpstreamReply Reply(UpstreamOutcome outcome, int? status = null, TimeSpan? retryAfter = null) =>
        new(outcome, status) { RetryAfter = retryAfter };

    [Fact]
    public void A_write_is_repeated_only_when_the_first_attempt_cannot_have_acted()
    {
        foreach (var effect in new[] { Effect.Write, Effect.Destructive })
        foreach (var outcome in Enum.GetValues<UpstreamOutcome>())
        foreach (var status in new int?[] { null, 400, 401, 429, 500, 502, 503, 504 })
        {
            var repeats = RetryPolicy.Pause(Tool(effect), Reply(outcome, status), 1, Plenty, 0.5) is not null;
            if (repeats)
                Assert.False(RetryPolicy.MayHaveActed(Reply(outcome, status)), $"{outcome} {status} would act twice");
        }

        Assert.NotNull(RetryPolicy.Pause(Tool(Effect.Write), Reply(UpstreamOutcome.NotSent), 1, Plenty, 0.5));
        Assert.NotNull(RetryPolicy.Pause(Tool(Effect.Write), Reply(UpstreamOutcome.Unavailable, 503), 1, Plenty, 0.5));
        Assert.Null(RetryPolicy.Pause(Tool(Effect.Write), Reply(UpstreamOutcome.Unavailable, 500), 1, Plenty, 0.5));
        Assert.Null(RetryPolicy.Pause(Tool(Effect.Write), Reply(UpstreamOutcome.Lost), 1, Plenty, 0.5));
    }

    [Fact]
    public void Reads_and_repeatable_writes_are_repeated_a_bounded_number_of_times()
    {
        foreach (
            var tool in new[]
            {
                Tool(Effect.Read),
                Tool(Effect.Write, Idempotency.Key),
                Tool(Effect.Write, Idempotency.Natural),
            }
        )
        {
            Assert.NotNull(RetryPolicy.Pause(tool, Reply(UpstreamOutcome.Lost), 1, Plenty, 0.5));
            Assert.NotNull(
                RetryPolicy.Pause(
                    tool,
                    Reply(UpstreamOutcome.Unavailable, 500),
                    RetryPolicy.MaxAttempts - 1,
                    Plenty,
                    0.5
                )
            );
            Assert.Null(
                RetryPolicy.Pause(tool, Reply(UpstreamOutcome.Unavailable, 500), RetryPolicy.MaxAttempts, Plenty, 0.5)
            );
        }
    }

    [Fact]
    public void A_pause_that_leaves_too_little_time_is_left_to_the_caller()
    {
        var limited = Reply(UpstreamOutcome.RateLimited, 429, TimeSpan.FromSeconds(20));
        Assert.Equal(TimeSpan.FromSeconds(20), RetryPolicy.Pause(Tool(Effect.Read), limited, 1, Plenty, 0.5));
        Assert.Null(RetryPolicy.Pause(Tool(Effect.Read), limited, 1, TimeSpan.FromSeconds(30), 0.5));
        Assert.Null(
            RetryPolicy.Pause(Tool(Effect.Read), Reply(UpstreamOutcome.NotSent), 1, TimeSpan.FromSeconds(-1), 0.5)
        );
    }

    [Fact]
    public void Outcomes_are_honest()
    {
        Assert.Equal(
            (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown),
            RetryPolicy.Classify(Tool(Effect.Write), Reply(UpstreamOutcome.TimedOut), false)
        );
        Assert.Equal(
            (Outcome.FailedUpstream, ErrorCatalogue.UpstreamTimeout),
            RetryPolicy.Classify(Tool(Effect.Read), Reply(UpstreamOutcome.TimedOut), false)
        );
        Assert.Equal(
            (Outcome.FailedBeforeSend, ErrorCatalogue.UpstreamUnavailable),
            RetryPolicy.Classify(Tool(Effect.Write), Reply(UpstreamOutcome.NotSent), false)
        );
        Assert.Equal(
            (Outcome.FailedUpstream, ErrorCatalogue.UpstreamUnavailable),
            RetryPolicy.Classify(Tool(Effect.Write), Reply(UpstreamOutcome.Unavailable, 503), false)
        );
        Assert.Equal(
            (Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown),
            RetryPolicy.Classify(Tool(Effect.Write), Reply(UpstreamOutcome.Unavailable, 502), false)
        );
        Assert.Equal(
            (Outcome.Succeeded, null),
            RetryPolicy.Classify(Tool(Effect.Write), Reply(UpstreamOutcome.Succeeded, 200), true)
        );
    }

    [Fact]
    public void A_write_whose_first_attempt_was_lost_is_unknown_whatever_the_last_one_was_told()
    {
        foreach (var outcome in Enum.GetValues<UpstreamOutcome>().Where(o => o != UpstreamOutcome.Succeeded))
        {
            Assert.Equal(
                Outcome.OutcomeUnknown,
                RetryPolicy.Classify(Tool(Effect.Write, Idempotency.Key), Reply(outcome, 429), true).Outcome
            );
            Assert.NotEqual(
                Outcome.OutcomeUnknown,
                RetryPolicy.Classify(Tool(Effect.Read), Reply(outcome, 429), true).Outcome
            );
        }
    }

    [Fact]
    public void Trap_a_rate_limit_is_no_sign_that_the_write_was_done()
    {
        Assert.False(RetryPolicy.MayHaveActed(Reply(UpstreamOutcome.RateLimited, 429)));
        Assert.False(RetryPolicy.MayHaveActed(Reply(UpstreamOutcome.CredentialRejected, 401)));
        Assert.True(RetryPolicy.MayHaveActed(Reply(UpstreamOutcome.Lost)));
    }

    [Fact]
    public void No_reply_is_without_a_judgement()
    {
        foreach (var outcome in Enum.GetValues<UpstreamOutcome>())
        foreach (var effect in Enum.GetValues<Effect>())
            Assert.True(
                RetryPolicy.Classify(Tool(effect), Reply(outcome), false).Code is null
                    == (outcome == UpstreamOutcome.Succeeded)
            );
    }
}
