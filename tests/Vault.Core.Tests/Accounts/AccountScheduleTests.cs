using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Refresh;
using static Vault.Core.Tests.Accounts.AccountCases;

namespace Vault.Core.Tests.Accounts;

/// <summary>When an account is due, how long a cool-down lasts, and what a caller gets meanwhile.</summary>
public sealed class AccountScheduleTests
{
    private static readonly RefreshPolicy Single = Policy().Refresh;

    [Fact]
    public void The_margin_before_expiry_is_due_and_jitter_only_makes_it_earlier_within_a_tenth()
    {
        var end = Active().Grant!.AccessExpiresAt!.Value;
        Assert.Equal(end - Single.Margin, AccountSchedule.RefreshDue(Active(), Single, Now, 0));
        Assert.Equal(end - (Single.Margin * 1.1), AccountSchedule.RefreshDue(Active(), Single, Now, 1));
    }

    [Fact]
    public void What_the_index_calls_due_is_due_whatever_the_jitter_was()
    {
        for (var jitter = 0.0; jitter <= 1; jitter += 0.125)
        {
            var due = AccountSchedule.NextDue(Active(), Policy(), Now, jitter)!.Value;
            Assert.Equal(
                AccountOutcome.CallTokenEndpoint,
                AccountLifecycle.Decide(Active(), Wanted(RefreshReason.Scheduled, now: due), Policy()).Outcome
            );
        }

        Assert.Equal(
            AccountOutcome.Nothing,
            AccountLifecycle.Decide(Active(), Wanted(RefreshReason.Scheduled), Policy()).Outcome
        );
    }

    [Fact]
    public void A_short_lived_token_is_refreshed_at_half_its_life_and_serves_until_a_fifth_is_left()
    {
        var state = Active() with { Grant = NewFacts(lives: TimeSpan.FromSeconds(4)) };
        Assert.Equal(Now.AddSeconds(2), AccountSchedule.RefreshDue(state, Single, Now, 0));
        Assert.True(AccountSchedule.IsLive(state, Now.AddSeconds(3)));
        Assert.False(AccountSchedule.IsLive(state, Now.AddSeconds(3.2)));
        var hour = Active() with { Grant = NewFacts() };
        Assert.True(AccountSchedule.IsLive(hour, Now.AddHours(1) - TimeSpan.FromSeconds(6)));
        Assert.False(AccountSchedule.IsLive(hour, Now.AddHours(1) - AccountSchedule.MinimumLife));
    }

    [Fact]
    public void A_token_with_a_lifetime_of_zero_does_not_cause_endless_refreshes()
    {
        // expires_in: 0. Taken literally, every caller and every sweep would refresh again at once.
        var what = new AccountEvent.RefreshSucceeded(Now, "mine", 1, NewFacts(lives: TimeSpan.Zero), null, null);
        var next = AccountLifecycle.Decide(Expired with { Intent = Held() }, what, Policy()).Next;
        Assert.True(AccountSchedule.IsLive(next, Now.AddHours(5)));
        Assert.Null(AccountSchedule.NextDue(next, Policy(), Now, 0.5));
    }

    [Fact]
    public void A_token_without_a_stated_end_lives_until_the_api_refuses_it()
    {
        var state = Active() with { Grant = Active().Grant! with { AccessExpiresAt = null } };
        Assert.True(AccountSchedule.IsLive(state, Now.AddYears(1)));
        Assert.Null(AccountSchedule.NextDue(state, Policy(), Now, 0.5));
        Assert.False(AccountSchedule.IsLive(state with { AccessRejected = true }, Now));
        Assert.Equal(
            AccountOutcome.CallTokenEndpoint,
            AccountLifecycle.Decide(state, Wanted(RefreshReason.Rejected), Policy()).Outcome
        );
    }

    [Fact]
    public void Idle_and_hard_ends_are_kept_alive_at_half_their_time()
    {
        var idle = Single with { IdleLifetime = TimeSpan.FromDays(10) };
        var state = Active() with { Grant = Active().Grant! with { AccessExpiresAt = null } };
        Assert.Equal(Now.AddHours(-1).AddDays(5), AccountSchedule.RefreshDue(state, idle, Now, 0));
        var hard = state with { Grant = state.Grant! with { RefreshExpiresAt = Now.AddHours(-1).AddDays(30) } };
        Assert.Equal(Now.AddHours(-1).AddDays(15), AccountSchedule.RefreshDue(hard, Single, Now, 0));
    }

    [Fact]
    public void What_mints_is_not_kept_alive()
    {
        Assert.Null(AccountSchedule.NextDue(Expired with { Mints = true }, Policy(Rotation.Mints), Now, 0.5));
        Assert.Equal(
            AccountOutcome.CallTokenEndpoint,
            AccountLifecycle.Decide(Expired with { Mints = true }, Wanted(), Policy(Rotation.Mints)).Outcome
        );
    }

    [Fact]
    public void A_cool_down_doubles_is_bounded_and_its_upper_half_is_jitter()
    {
        TimeSpan Cool(int failures, double jitter)
        {
            var state = Expired with { Intent = Held(), Failures = failures - 1 };
            return AccountLifecycle.Decide(state, NotActed(jitter: jitter), Policy()).Next.CooldownUntil!.Value - Now;
        }

        Assert.Equal(TimeSpan.FromSeconds(1), Cool(1, 0));
        Assert.Equal(TimeSpan.FromSeconds(2), Cool(1, 1));
        Assert.Equal(TimeSpan.FromSeconds(4), Cool(2, 1));
        Assert.Equal(TimeSpan.FromMinutes(10), Cool(50, 1));
        Assert.Equal(TimeSpan.FromMinutes(5), Cool(int.MaxValue, 0));
        Assert.Equal(TimeSpan.FromMinutes(10), Cool(9_999, 7));
    }

    [Fact]
    public void The_provider_may_ask_for_a_longer_pause_and_is_heard()
    {
        var next = AccountLifecycle
            .Decide(Expired with { Intent = Held() }, NotActed(retryAfter: TimeSpan.FromMinutes(7)), Policy())
            .Next;
        Assert.Equal(Now.AddMinutes(7), next.CooldownUntil);
        Assert.Equal(Now.AddMinutes(7), AccountSchedule.NextDue(next, Policy(), Now, 0.5));
        Assert.Equal(AccountOutcome.CoolingDown, AccountLifecycle.Decide(next, Wanted(), Policy()).Outcome);
        Assert.Equal(
            AccountOutcome.CallTokenEndpoint,
            AccountLifecycle.Decide(next, Wanted(RefreshReason.Manual), Policy()).Outcome
        );
    }

    [Fact]
    public void A_lease_is_looked_after_when_it_ends() =>
        Assert.Equal(Now + Lease, AccountSchedule.NextDue(Active() with { Intent = Held() }, Policy(), Now, 0.5));

    [Fact]
    public void A_client_that_is_refused_is_the_administrators_business_and_says_so()
    {
        var next = AccountLifecycle.Decide(Expired with { Intent = Held() }, ClientRefused(), Policy()).Next;
        var error = AccountErrors.CoolingDown(next, TimeSpan.FromSeconds(3));
        Assert.Equal(
            (ErrorCatalogue.ClientMisconfigured, StatusReason.ClientMisconfigured),
            (error.Code, error.StatusReason)
        );
        var other = AccountErrors.CoolingDown(next with { LastFailure = "http_503" }, TimeSpan.FromSeconds(3));
        Assert.Equal(
            (ErrorCatalogue.UpstreamUnavailable, TimeSpan.FromSeconds(3)),
            (other.Code, other.RetryAfter!.Value)
        );
    }

    [Fact]
    public void Options_that_do_not_hang_together_are_all_named()
    {
        Assert.Empty(new LifecycleOptions().Faults());
        var faults = new LifecycleOptions
        {
            TokenTimeout = TimeSpan.Zero,
            ClockSkew = TimeSpan.FromSeconds(-1),
            Lease = TimeSpan.FromSeconds(-2),
            FreshnessLease = TimeSpan.Zero,
            CooldownBase = TimeSpan.Zero,
        }
            .Faults()
            .ToList();
        Assert.Equal(5, faults.Count);

        // A lock shorter than the HTTP timeout.
        var shorter = new LifecycleOptions { Lease = TimeSpan.FromSeconds(18) }.Faults();
        Assert.Contains("Lease", Assert.Single(shorter));
    }
}
