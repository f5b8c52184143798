using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using static Vault.Core.Tests.Accounts.AccountCases;

namespace Vault.Core.Tests.Accounts;

/// <summary>
/// Every state with every event under every rotation has a decision, and it keeps the rules that always hold.
/// </summary>
public sealed class LifecycleMatrixTests
{
    [Fact]
    public void Every_pair_of_state_and_event_has_an_answer_that_keeps_the_rules()
    {
        var events = Events().ToList();
        var pairs = 0;
        foreach (var state in States())
        foreach (var policy in Policies)
        foreach (var what in events)
        {
            var decision = AccountLifecycle.Decide(state, what, policy);
            pairs++;
            if (Broken(state, what, policy, decision) is { } rule)
                Assert.Fail(
                    $"{rule}\n  state {state}\n  event {what}\n  rotation {policy.Refresh.Rotation}\n"
                        + $"  decision {decision}"
                );
        }

        Assert.True(pairs > 500_000, $"only {pairs} pairs");
    }

    private static string? Broken(
        AccountState state,
        AccountEvent what,
        LifecyclePolicy policy,
        AccountDecision decision
    )
    {
        var next = decision.Next;
        if (next.Status == AccountStatus.Active != next.Reason is null)
            return "A reason is there for every status but ACTIVE.";
        if (
            next.Generation != state.Generation
            && (next.Generation != state.Generation + 1 || !decision.Effects.HasFlag(GrantEffect.StoreGrant))
        )
            return "A new generation is the next one and stores its grant.";
        if (decision.Effects.HasFlag(GrantEffect.StoreGrant) && decision.Effects.HasFlag(GrantEffect.Wipe))
            return "What is stored is not wiped in the same breath.";
        if (decision.Effects.HasFlag(GrantEffect.Wipe) && next.Grant is not null)
            return "A wiped account says that it has no grant.";
        if (decision.Effects.HasFlag(GrantEffect.RevokeUpstream) && next.Revocation != UpstreamRevocation.Pending)
            return "What is to be revoked upstream stays pending until it is.";
        if (decision.Outcome is AccountOutcome.OutOfDate && next != state)
            return "What is out of date changes nothing.";
        if (decision.Outcome is AccountOutcome.HeldByAnother && next != state)
            return "While another holds the lease nothing changes.";
        var withdrawn = state.Status is AccountStatus.Revoked or AccountStatus.Disconnected;
        if (withdrawn && next.Status != state.Status && what is not AccountEvent.GrantStored)
            return "Only a new grant brings a revoked account back.";
        if (withdrawn && decision.Outcome == AccountOutcome.CallTokenEndpoint)
            return "A revoked account is not refreshed.";
        if (decision.Outcome == AccountOutcome.CallTokenEndpoint)
        {
            if (what is not AccountEvent.RefreshWanted wanted)
                return "Only who wants a refresh is told to call.";
            if (next is not { Status: AccountStatus.Active, Grant.HasRefreshToken: true })
                return "There is something to present.";
            if (
                next.Intent != new RefreshIntent(wanted.AttemptId, wanted.Holder, wanted.Now, wanted.Now + policy.Lease)
            )
                return "The intent names the attempt and its lease.";
            if (state.Intent is { } held && held.LeaseUntil > wanted.Now && !wanted.HolderIsDead)
                return "A lease is its holder's until it ends.";
            if (AccountSchedule.IsBarred(next, policy.Refresh, wanted.Now))
            {
                if (wanted.Why != RefreshReason.PresentAgain || !AccountSchedule.MayPresentAgain(policy.Refresh))
                    return "What would kill the family is presented again by the sweep only, and where it kills no more.";
                if (AccountSchedule.IsLive(next, wanted.Now))
                    return "While the access token serves nothing is presented again.";
                if (AccountSchedule.PresentsAgainAt(next, policy) > wanted.Now)
                    return "Nothing is presented again before every attempt is settled.";
                if (decision.LedgerType != LedgerEvents.AccountPresentedAgain)
                    return "The ledger names every token that is presented again.";
            }
        }

        var transient = what is AccountEvent.RefreshNotActed or AccountEvent.RefreshClientRefused;
        if (transient && next.Status != state.Status && next.Reason != StatusReason.RefusedRepeatedly)
            return "A transient failure lowers nothing.";
        return decision.LedgerType is not null && next == state ? "The ledger tells of changes." : null;
    }

    [Fact]
    public void The_due_index_never_brings_up_an_account_that_has_nothing_to_do()
    {
        foreach (var state in States())
        foreach (var policy in Policies)
        {
            if (AccountSchedule.NextDue(state, policy, Now, 0.5) is not { } due || due > Now)
                continue;

            // What the sweep does with a due account.
            if (state.Revocation == UpstreamRevocation.Pending)
                continue;
            var refreshes = state is { Status: AccountStatus.Active, Grant.HasRefreshToken: true };
            var decision = AccountLifecycle.Decide(
                state,
                refreshes ? Wanted(RefreshReason.PresentAgain) : new AccountEvent.TimePassed(Now),
                policy
            );
            var again = AccountSchedule.NextDue(decision.Next, policy, Now, 0.5);
            Assert.True(
                decision.Outcome == AccountOutcome.CallTokenEndpoint || again is null || again > Now,
                $"due again at once\n  state {state}\n  rotation {policy.Refresh.Rotation}\n"
                    + $"  decision {decision}\n  due {due:O}, again {again:O}"
            );
        }
    }

    [Fact]
    public void Revoking_anything_ends_in_revoked_or_stays_withdrawn()
    {
        foreach (var state in States())
        {
            var next = AccountLifecycle
                .Decide(state, new AccountEvent.RevokeWanted(Now, StatusReason.RevokedByRequest), Policy())
                .Next;
            Assert.Contains(next.Status, new[] { AccountStatus.Revoked, AccountStatus.Disconnected });
            if (state.Status is not (AccountStatus.Revoked or AccountStatus.Disconnected))
                Assert.Null(next.Intent);
        }
    }

    [Fact]
    public void An_unknown_event_is_a_bug_and_says_so() =>
        Assert.Throws<ArgumentException>(() => AccountLifecycle.Decide(Active(), new Stranger(Now), Policy()));

    [Fact]
    public void Every_status_that_is_not_active_becomes_an_error_with_its_reason()
    {
        foreach (var status in Enum.GetValues<AccountStatus>().Where(s => s != AccountStatus.Active))
        foreach (var reason in StatusReason.All)
        {
            var error = AccountErrors.ForStatus(Active() with { Status = status, Reason = reason });
            Assert.Equal(reason, error.StatusReason);
            Assert.False(error.Code.CanRetry);
            Assert.Equal(424, error.Code.Status);
        }
    }

    private sealed record Stranger(DateTimeOffset At) : AccountEvent(At);
}
