using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using static Vault.Core.Tests.Accounts.AccountCases;

namespace Vault.Core.Tests.Accounts;

/// <summary>When a refresh token in doubt is presented again, and when it is not.</summary>
public sealed class InDoubtRuleTests
{
    private static AccountState InFlight(AccountState? from = null) => (from ?? Expired) with { Intent = Held() };

    private static AccountDecision Decide(AccountState state, AccountEvent what, Rotation rotation) =>
        AccountLifecycle.Decide(state, what, Policy(rotation));

    private static AccountDecision DecideStrictly(AccountState state, AccountEvent what, Rotation rotation) =>
        AccountLifecycle.Decide(state, what, Policy(rotation, ReuseKills.Client));

    [Theory]
    [InlineData(ReuseKills.User)]
    [InlineData(ReuseKills.Client)]
    public void A_token_in_doubt_is_never_presented_again_where_that_kills_more_than_its_grant(ReuseKills kills)
    {
        var policy = Policy(Rotation.FamilyKill, kills);
        var doubtful = Active(TimeSpan.FromMinutes(4)) with { Doubt = InDoubtAttempts.Of(Held("theirs"), true) };
        foreach (var why in Enum.GetValues<RefreshReason>())
        foreach (var later in new[] { 0, 5, 60 })
            Assert.NotEqual(
                AccountOutcome.CallTokenEndpoint,
                AccountLifecycle.Decide(doubtful, Wanted(why, now: Now.AddMinutes(later)), policy).Outcome
            );

        // When the access token has expired, the status gives the loss as its reason.
        var later5 = AccountLifecycle.Decide(doubtful, Wanted(now: Now.AddMinutes(5)), policy).Next;
        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost), (later5.Status, later5.Reason));
        Assert.Equal(
            StatusReason.RefreshOutcomeLost,
            AccountLifecycle.Decide(doubtful, new AccountEvent.TimePassed(Now.AddMinutes(5)), policy).Next.Reason
        );
        Assert.Equal(Now.AddMinutes(4), AccountSchedule.NextDue(doubtful, policy, Now, 0.5));
    }

    [Theory]
    [InlineData(ReuseKills.Nothing)]
    [InlineData(ReuseKills.Family)]
    [InlineData(ReuseKills.Unknown)]
    public void A_token_in_doubt_is_presented_once_more_by_the_sweep_when_the_access_token_serves_no_longer(
        ReuseKills kills
    )
    {
        var policy = Policy(Rotation.FamilyKill, kills);
        var doubtful = AccountLifecycle.Decide(InFlight(Active(TimeSpan.FromMinutes(4))), MayHaveActed(), policy).Next;
        Assert.Equal(AccountStatus.Active, doubtful.Status);
        Assert.Equal(Now.AddMinutes(4), AccountSchedule.NextDue(doubtful, policy, Now, 0.5));
        foreach (var why in Enum.GetValues<RefreshReason>())
        {
            Assert.NotEqual(
                AccountOutcome.CallTokenEndpoint,
                AccountLifecycle.Decide(doubtful, Wanted(why), policy).Outcome
            );
            var expired = AccountLifecycle.Decide(doubtful, Wanted(why, now: Now.AddMinutes(4)), policy);
            Assert.Equal(AccountStatus.Active, expired.Next.Status);
            Assert.Equal(
                why == RefreshReason.PresentAgain
                    ? (AccountOutcome.CallTokenEndpoint, LedgerEvents.AccountPresentedAgain)
                    : (AccountOutcome.CoolingDown, null),
                (expired.Outcome, expired.LedgerType)
            );
        }
    }

    [Fact]
    public void A_silent_attempt_is_settled_by_the_horizon_its_holder_or_the_next_process_on_its_folder()
    {
        var policy = Policy(Rotation.FamilyKill);
        var lapsed = Expired with { Intent = Held("theirs", Now - Lease) };
        var waits = AccountLifecycle.Decide(lapsed, Wanted(RefreshReason.PresentAgain), policy);
        Assert.Equal((AccountOutcome.CoolingDown, Now - Lease + policy.Horizon), (waits.Outcome, waits.Until));
        Assert.InRange(
            AccountSchedule.NextDue(waits.Next, policy, Now, 0.5)!.Value,
            Now.AddSeconds(1),
            Now.AddMinutes(2)
        );
        Assert.Equal(AccountOutcome.CallTokenEndpoint, Again(waits.Next, Now - Lease + policy.Horizon).Outcome);
        var reported = AccountLifecycle.Decide(waits.Next, MayHaveActed("theirs"), policy);
        Assert.Equal(AccountOutcome.Changed, reported.Outcome);
        Assert.Equal(AccountOutcome.CallTokenEndpoint, Again(reported.Next, Now).Outcome);
        Assert.Equal(AccountOutcome.CallTokenEndpoint, Again(waits.Next, Now, "host-1").Outcome);
        Assert.Equal(AccountOutcome.CoolingDown, Again(waits.Next, Now, "host-2").Outcome);
        Assert.Equal(AccountOutcome.CallTokenEndpoint, Again(lapsed, Now, "host-1").Outcome);

        // The process has not been heard of: that the cluster has declared it dead settles nothing.
        Assert.Equal(
            AccountOutcome.CoolingDown,
            AccountLifecycle.Decide(lapsed, Wanted(RefreshReason.PresentAgain, dead: true), policy).Outcome
        );

        AccountDecision Again(AccountState state, DateTimeOffset now, params string[] settled) =>
            AccountLifecycle.Decide(state, Wanted(RefreshReason.PresentAgain, "again", now, settled: settled), policy);
    }

    [Fact]
    public void A_presentation_that_ends_without_a_statement_does_not_count_and_backs_off()
    {
        var policy = Policy(Rotation.FamilyKill);
        var state = AccountLifecycle.Decide(InFlight(), MayHaveActed(), policy).Next;
        var (now, pause) = (Now, TimeSpan.Zero);
        for (var i = 0; i < 12; i++)
        {
            now = AccountSchedule.PresentsAgainAt(state, policy)!.Value;
            var again = AccountLifecycle.Decide(state, Wanted(RefreshReason.PresentAgain, "again" + i, now), policy);
            Assert.Equal(AccountOutcome.CallTokenEndpoint, again.Outcome);
            AccountEvent what =
                i % 2 == 0
                    ? new AccountEvent.RefreshMayHaveActed(now, "again" + i, "http_502", 1)
                    : new AccountEvent.RefreshNotActed(now, "again" + i, "connection_refused", null, 1);
            state = AccountLifecycle.Decide(again.Next, what, policy).Next;
            Assert.Equal(AccountStatus.Active, state.Status);
            Assert.True(state.CooldownUntil - now >= pause);
            pause = state.CooldownUntil!.Value - now;
        }

        Assert.Equal(policy.CooldownMax, pause);
        now = AccountSchedule.PresentsAgainAt(state, policy)!.Value;
        var last = AccountLifecycle.Decide(state, Wanted(RefreshReason.PresentAgain, "last", now), policy).Next;
        var granted = AccountLifecycle.Decide(last, Succeeded("last", now: now), policy);
        Assert.Equal((AccountStatus.Active, 2L), (granted.Next.Status, granted.Next.Generation));
        Assert.Null(granted.Next.Doubt);
        var dead = AccountLifecycle.Decide(last, FoundDead("last"), policy).Next;
        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost), (dead.Status, dead.Reason));
    }

    [Fact]
    public void A_token_in_doubt_is_presented_again_within_the_grace_window_and_soon()
    {
        var doubtful = Active() with { Doubt = new InDoubtAttempts("theirs", Now.AddMinutes(-1)) };
        Assert.Equal(
            AccountOutcome.CallTokenEndpoint,
            Decide(doubtful, Wanted(RefreshReason.Scheduled), Rotation.Grace).Outcome
        );
        Assert.True(
            AccountSchedule.NextDue(doubtful, Policy(Rotation.Grace), Now, 0.5) <= Now,
            "the window would shut before the next margin"
        );
    }

    [Fact]
    public void Past_the_grace_window_a_token_in_doubt_is_not_presented_since_providers_then_kill_the_family()
    {
        // Host A has the response in its spool and is down; host B attempts after the window: presenting the token
        // would revoke the grant that A still holds.
        var doubtful = Active() with { Doubt = new InDoubtAttempts("theirs", Now - Grace) };
        Assert.NotEqual(
            AccountOutcome.CallTokenEndpoint,
            Decide(doubtful, Wanted(RefreshReason.Manual), Rotation.Grace).Outcome
        );
        Assert.Equal(
            StatusReason.RefreshOutcomeLost,
            DecideStrictly(doubtful, Wanted(RefreshReason.Rejected), Rotation.Grace).Next.Reason
        );
        Assert.Equal(
            Active().Grant!.AccessExpiresAt,
            AccountSchedule.NextDue(doubtful, Policy(Rotation.Grace), Now, 0.5)
        );
    }
}
