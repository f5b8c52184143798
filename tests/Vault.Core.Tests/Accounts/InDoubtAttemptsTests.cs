using Vault.Core.Accounts;
using Vault.Core.Packs;
using static Vault.Core.Tests.Accounts.AccountCases;

namespace Vault.Core.Tests.Accounts;

/// <summary>
/// Several attempts in a row were delayed past their leases: the late report of each settles only its own part.
/// </summary>
public sealed class InDoubtAttemptsTests
{
    private static readonly InDoubtAttempts Two = InDoubtAttempts
        .Of(Held("a", Now - Grace))
        .With(Held("b", Now.AddMinutes(-4)));

    // A provider where nothing is presented again past the window, so that only reports settle something.
    private static AccountDecision Decide(AccountState state, AccountEvent what, Rotation rotation = Rotation.Grace) =>
        AccountLifecycle.Decide(state, what, Policy(rotation, ReuseKills.Client));

    private static AccountState Lost(InDoubtAttempts doubt) =>
        Expired with
        {
            Status = AccountStatus.RequiresReauth,
            Reason = StatusReason.RefreshOutcomeLost,
            Doubt = doubt,
        };

    [Fact]
    public void Two_attempts_held_up_past_their_leases_leave_no_loss_when_both_say_that_they_sent_nothing()
    {
        // a and b write their intents and freeze, one after the other; c finds both lapsed and the first one's grace
        // window closed; then a and b continue.
        var first = Decide(Active(Grace * -2), Wanted(attempt: "a", now: Now - Grace)).Next;
        var second = Decide(first, Wanted(attempt: "b", now: Now - Grace + Lease)).Next;
        var third = Decide(second, Wanted(attempt: "c"));
        Assert.Equal(
            (AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost),
            (third.Next.Status, third.Next.Reason)
        );
        foreach (var order in new string[][] { ["a", "b"], ["b", "a"] })
        {
            var healed = Decide(Decide(third.Next, NotActed(order[0])).Next, NotActed(order[1])).Next;
            Assert.Equal(
                (AccountStatus.Active, (string?)null, (InDoubtAttempts?)null),
                (healed.Status, healed.Reason, healed.Doubt)
            );
            Assert.Equal(AccountOutcome.CallTokenEndpoint, Decide(healed, Wanted(attempt: "d")).Outcome);
        }
    }

    [Fact]
    public void The_report_of_one_leaves_the_other_in_doubt()
    {
        foreach (var (says, left) in new[] { ("a", "b"), ("b", "a") })
        {
            foreach (var word in new[] { NotActed(says), ClientRefused(says) })
            {
                var certain = Decide(Expired with { Doubt = Two }, word, Rotation.SingleUse);
                Assert.Equal((AccountOutcome.Changed, left), (certain.Outcome, certain.Next.Doubt?.AttemptId));
                Assert.Single(certain.Next.Doubt!.Attempts);
                var refused = Decide(
                    Decide(certain.Next, Wanted(attempt: "c"), Rotation.SingleUse).Next,
                    FoundDead("c"),
                    Rotation.SingleUse
                ).Next;
                Assert.Equal(StatusReason.RefreshOutcomeLost, refused.Reason);
            }
        }

        Assert.Equal(AccountOutcome.OutOfDate, Decide(Expired with { Doubt = Two }, NotActed("c")).Outcome);
        Assert.Equal(
            AccountOutcome.OutOfDate,
            Decide(Expired with { Doubt = Two }, NotActed(InDoubtAttempts.Several)).Outcome
        );
    }

    [Fact]
    public void A_grace_window_begins_with_the_first_attempt_that_is_still_in_doubt()
    {
        // a's window is closed, b's is open; if a sent nothing, the response that b lost can still be recovered.
        var healed = Decide(Lost(Two), NotActed("a"));
        Assert.Equal(
            (AccountStatus.Active, "b", "account.healed"),
            (healed.Next.Status, healed.Next.Doubt?.AttemptId, healed.LedgerType)
        );
        Assert.Equal(AccountOutcome.CallTokenEndpoint, Decide(healed.Next, Wanted(RefreshReason.Manual, "c")).Outcome);

        // The other way round nothing can be recovered yet; with a provider that revokes families nothing can before
        // the last report.
        foreach (
            var (says, rotation) in new[]
            {
                ("b", Rotation.Grace),
                ("a", Rotation.FamilyKill),
                ("b", Rotation.FamilyKill),
                ("a", Rotation.SingleUse),
            }
        )
        {
            var still = Decide(Lost(Two), NotActed(says), rotation);
            Assert.Equal((AccountStatus.RequiresReauth, (string?)null), (still.Next.Status, still.LedgerType));
            Assert.False(still.Next.Doubt!.Includes(says));
        }
    }

    [Fact]
    public void A_refusal_settles_what_came_after_it_and_not_what_came_before()
    {
        foreach (var state in new[] { Expired with { Doubt = Two }, Lost(Two) })
        {
            var first = Decide(state, FoundDead("a")).Next;
            Assert.Equal(
                (AccountStatus.RequiresReauth, StatusReason.UserRevoked, (InDoubtAttempts?)null),
                (first.Status, first.Reason, first.Doubt)
            );

            // a may have consumed the token before b was refused.
            var second = Decide(state, FoundDead("b")).Next;
            Assert.Equal((state.Status, state.Reason, "a"), (second.Status, second.Reason, second.Doubt?.AttemptId));
            Assert.Equal(StatusReason.UserRevoked, Decide(second, FoundDead("a")).Next.Reason);
        }
    }

    [Fact]
    public void A_reply_settles_everything() => Assert.Null(Decide(Lost(Two), Succeeded("b")).Next.Doubt);

    [Fact]
    public void One_attempt_is_counted_once_and_too_many_are_not_listed()
    {
        Assert.Same(Two, Two.With(Held("a")));
        var doubt = Enumerable
            .Range(0, InDoubtAttempts.MaxAttempts - 2)
            .Aggregate(Two, (d, i) => d.With(Held($"n{i}")));
        Assert.Equal(InDoubtAttempts.MaxAttempts, doubt.Attempts.Length);
        Assert.Equal(InDoubtAttempts.MaxAttempts - 1, doubt.Without("n0")!.Attempts.Length);
        var many = doubt.With(Held("one more"));
        Assert.Equal(
            (InDoubtAttempts.Several, Two.FirstSentAt, true),
            (many.AttemptId, many.FirstSentAt, many.Attempts.IsEmpty)
        );
        Assert.Equal(AccountOutcome.OutOfDate, Decide(Lost(many), NotActed("a")).Outcome);
        Assert.Equal(many, many.With(Held("another")));
    }

    [Fact]
    public void In_doubt_attempts_without_a_list_are_settled_by_no_single_report()
    {
        var former = new InDoubtAttempts(InDoubtAttempts.Several, Now.AddMinutes(-1));
        foreach (var attempt in new[] { "a", InDoubtAttempts.Several })
            Assert.Equal(AccountOutcome.OutOfDate, Decide(Lost(former), NotActed(attempt)).Outcome);
        Assert.False(former.BeganWith(InDoubtAttempts.Several));
        Assert.Equal(former with { LastSentAt = Now }, former.With(Held("a")));
        Assert.Same(former, former.Without("a"));
    }

    [Fact]
    public void Of_several_settled_attempts_one_is_kept_and_a_silent_one_waits_for_the_horizon()
    {
        var (rest, horizon) = (Lease, TimeSpan.FromMinutes(15));
        var settled = Enumerable
            .Range(0, 20)
            .Aggregate(InDoubtAttempts.Of(Held("a", Now), settled: true), (d, i) =>
                d.With(Held($"n{i}", Now.AddMinutes(i)), settled: true)
            );
        Assert.Equal(["a", "n19"], settled.Attempts.Select(a => a.AttemptId));
        Assert.Equal(Now.AddMinutes(19) + rest, settled.SettledAt(rest, horizon));
        var silent = settled.With(Held("b", Now.AddMinutes(20)));
        Assert.Equal(Now.AddMinutes(20) + horizon, silent.SettledAt(rest, horizon));
        Assert.Equal(["host-1"], silent.Unreported);
        Assert.Same(silent, silent.Settle(a => a.AttemptId == "unknown"));
        Assert.Equal(Now.AddMinutes(20) + rest, silent.Settle(a => a.AttemptId == "b").SettledAt(rest, horizon));

        // Rows of earlier versions know no holder and no last time.
        Assert.Equal(Now + horizon, new InDoubtAttempts("a", Now).SettledAt(rest, horizon));
        Assert.Equal(Now + horizon, new InDoubtAttempts(InDoubtAttempts.Several, Now).SettledAt(rest, horizon));
    }
}
