using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using static Vault.Core.Tests.Accounts.AccountCases;

namespace Vault.Core.Tests.Accounts;

/// <summary>The rules of refreshing, one test each; the names say which mistake each rule prevents.</summary>
public sealed class RefreshRuleTests
{
    private static AccountState InFlight(AccountState? from = null) => (from ?? Expired) with { Intent = Held() };

    private static AccountDecision Decide(
        AccountState state,
        AccountEvent what,
        Rotation rotation = Rotation.SingleUse
    ) => AccountLifecycle.Decide(state, what, Policy(rotation));

    /// <summary>A provider whose reuse revokes more than the grant: a token in doubt is never presented
    /// again.</summary>
    private static AccountDecision DecideStrictly(
        AccountState state,
        AccountEvent what,
        Rotation rotation = Rotation.FamilyKill
    ) => AccountLifecycle.Decide(state, what, Policy(rotation, ReuseKills.Client));

    [Fact]
    public void Trap_invalid_grant_of_an_older_generation_deletes_nothing()
    {
        var state = InFlight() with { Generation = 2 };
        Assert.Equal(AccountOutcome.OutOfDate, Decide(state, FoundDead(presented: 1)).Outcome);
        Assert.Equal(AccountOutcome.OutOfDate, Decide(InFlight(), FoundDead("theirs")).Outcome);
        Assert.Equal(AccountOutcome.OutOfDate, Decide(Expired, FoundDead()).Outcome);
        var dead = Decide(InFlight(), FoundDead()).Next;
        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.UserRevoked), (dead.Status, dead.Reason));
        Assert.Equal(
            AccountOutcome.OutOfDate,
            Decide(
                Active() with
                {
                    Generation = 2,
                },
                new AccountEvent.GrantReportedDead(Now, 1, StatusReason.UserRevoked)
            ).Outcome
        );
    }

    [Fact]
    public void Trap_a_transient_answer_is_never_taken_for_the_end()
    {
        foreach (var what in new[] { NotActed(), NotActed(retryAfter: TimeSpan.FromMinutes(3)), ClientRefused() })
        {
            var next = Decide(InFlight(), what).Next;
            Assert.Equal((AccountStatus.Active, (string?)null, 1), (next.Status, next.Reason, next.Failures));
            Assert.Null(next.Intent);
        }
    }

    [Fact]
    public void Trap_a_failed_refresh_does_not_lower_a_healthy_account()
    {
        foreach (var rotation in Enum.GetValues<Rotation>())
        foreach (var what in new[] { NotActed(), MayHaveActed(), ClientRefused() })
        {
            var next = Decide(InFlight(Active(TimeSpan.FromMinutes(4))), what, rotation).Next;
            Assert.Equal(AccountStatus.Active, next.Status);
            Assert.True(AccountSchedule.IsLive(next, Now), "the access token in hand goes on serving");
        }
    }

    [Fact]
    public void A_late_success_heals_what_was_concluded_from_its_silence()
    {
        var lost = DecideStrictly(InFlight(), MayHaveActed()).Next;
        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost), (lost.Status, lost.Reason));
        var healed = Decide(lost, Succeeded(now: Now.AddHours(3)), Rotation.FamilyKill);
        Assert.Equal(
            (AccountStatus.Active, 2L, "account.healed"),
            (healed.Next.Status, healed.Next.Generation, healed.LedgerType)
        );
        Assert.Null(healed.Next.Doubt);
    }

    /// <summary>
    /// Found by the simulation: the endpoint reports that the user revoked, the store cannot take it, and another host
    /// concludes that a response was lost.
    /// </summary>
    [Fact]
    public void A_late_refusal_of_the_attempt_in_doubt_says_why_the_grant_is_dead()
    {
        var lost = DecideStrictly(
            InFlight() with
            {
                Intent = Held(since: Now - Lease),
            },
            Wanted(attempt: "theirs")
        ).Next;
        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost), (lost.Status, lost.Reason));
        var dead = Decide(lost, FoundDead(), Rotation.FamilyKill);
        Assert.Equal(
            (AccountStatus.RequiresReauth, StatusReason.UserRevoked, "account.reauth_required"),
            (dead.Next.Status, dead.Next.Reason, dead.LedgerType)
        );
        Assert.Null(dead.Next.Doubt);
        Assert.Equal(AccountOutcome.OutOfDate, Decide(lost, FoundDead("theirs"), Rotation.FamilyKill).Outcome);

        // Another attempt holds the lease and decides; its refusal no longer counts as a lost response.
        var taken = Decide(InFlight() with { Intent = Held(since: Now - Lease) }, Wanted(attempt: "theirs")).Next;
        var certain = Decide(taken, FoundDead()).Next;
        Assert.Equal(taken with { Doubt = null }, certain);
        Assert.Equal(StatusReason.UserRevoked, Decide(certain, FoundDead("theirs")).Next.Reason);
    }

    [Fact]
    public void A_late_success_of_a_replaced_generation_is_dropped() =>
        Assert.Equal(
            AccountOutcome.OutOfDate,
            Decide(Active() with { Generation = 2 }, Succeeded(presented: 1)).Outcome
        );

    [Fact]
    public void Revoking_wins_over_a_refresh_under_way_and_its_late_token_is_revoked_upstream()
    {
        var revoked = Decide(InFlight(), new AccountEvent.RevokeWanted(Now, StatusReason.RevokedByRequest));
        Assert.True(revoked.Effects.HasFlag(GrantEffect.RevokeUpstream));
        foreach (
            var row in new[]
            {
                revoked.Next,
                Decide(
                    revoked.Next,
                    new AccountEvent.UpstreamRevoked(Now, 1, UpstreamRevocation.Confirmed, false, 0)
                ).Next,
            }
        )
        {
            var late = Decide(row, Succeeded());
            Assert.Equal(
                (AccountStatus.Revoked, StatusReason.RevokedByRequest, UpstreamRevocation.Pending),
                (late.Next.Status, late.Next.Reason, late.Next.Revocation)
            );
            Assert.Equal(GrantEffect.StoreGrant | GrantEffect.RevokeUpstream, late.Effects);
            Assert.Equal(Now, AccountSchedule.NextDue(late.Next, Policy(), Now, 0.5));
        }

        foreach (var what in new[] { NotActed(), MayHaveActed(), FoundDead(), ClientRefused() })
            Assert.Equal(AccountOutcome.OutOfDate, Decide(revoked.Next, what).Outcome);
    }

    [Fact]
    public void A_refusal_after_a_lost_reply_says_that_the_reply_was_lost_not_that_the_user_revoked()
    {
        foreach (var rotation in new[] { Rotation.SingleUse, Rotation.Grace })
        {
            var doubtful = Decide(InFlight(), MayHaveActed(), rotation).Next;
            var again = Decide(doubtful, Wanted(RefreshReason.Manual, "second"), rotation);
            Assert.Equal(AccountOutcome.CallTokenEndpoint, again.Outcome);
            Assert.Equal(
                StatusReason.RefreshOutcomeLost,
                Decide(again.Next, FoundDead("second"), rotation).Next.Reason
            );
        }
    }

    [Fact]
    public void Where_no_token_is_consumed_a_lost_response_leaves_no_attempt_in_doubt()
    {
        foreach (var rotation in new[] { Rotation.Never, Rotation.Mints })
        {
            var next = Decide(InFlight(), MayHaveActed(), rotation).Next;
            Assert.Null(next.Doubt);
            var again = Decide(next with { CooldownUntil = null }, Wanted(attempt: "second"), rotation).Next;
            Assert.Equal(StatusReason.UserRevoked, Decide(again, FoundDead("second"), rotation).Next.Reason);
        }
    }

    [Fact]
    public void A_lapsed_lease_leaves_its_attempt_in_doubt_where_tokens_are_consumed()
    {
        foreach (var rotation in Enum.GetValues<Rotation>())
        {
            var decision = Decide(Expired with { Intent = Held("theirs", Now - Lease) }, Wanted(), rotation);
            var usesUp = rotation is Rotation.Grace or Rotation.SingleUse or Rotation.FamilyKill;
            Assert.Equal(usesUp ? "theirs" : null, decision.Next.Doubt?.AttemptId);
            Assert.Equal(
                rotation == Rotation.FamilyKill ? AccountOutcome.CoolingDown : AccountOutcome.CallTokenEndpoint,
                decision.Outcome
            );
        }
    }

    [Fact]
    public void A_lease_is_its_holders_alone_unless_the_holder_is_dead()
    {
        var held = Expired with { Intent = Held("theirs") };
        var waits = Decide(held, Wanted(now: Now + Lease - TimeSpan.FromTicks(1)));
        Assert.Equal((AccountOutcome.HeldByAnother, Now + Lease), (waits.Outcome, waits.Until));
        Assert.Equal(AccountOutcome.CallTokenEndpoint, Decide(held, Wanted(now: Now + Lease)).Outcome);
        var early = Decide(held, Wanted(dead: true));
        Assert.Equal((AccountOutcome.CallTokenEndpoint, "theirs"), (early.Outcome, early.Next.Doubt?.AttemptId));
    }

    [Fact]
    public void An_api_that_always_says_401_gets_no_refresh_loop()
    {
        var state = Active();
        var (now, refreshes) = (Now, 0);
        for (var second = 0; second < 600; second++, now = now.AddSeconds(1))
        {
            var wanted = Decide(state, Wanted(RefreshReason.Rejected, "a" + second, now, seen: state.Generation));
            if (wanted.Outcome != AccountOutcome.CallTokenEndpoint)
                continue;
            refreshes++;
            state = Decide(wanted.Next, Succeeded("a" + second, state.Generation, now)).Next;
        }

        Assert.InRange(refreshes, 4, 20);
    }

    [Fact]
    public void An_in_doubt_attempt_that_reports_not_sent_is_settled_and_only_it()
    {
        var doubtful = Expired with { Doubt = new InDoubtAttempts("theirs", Now) };
        var lost = DecideStrictly(doubtful, Wanted()).Next;
        Assert.Equal(StatusReason.RefreshOutcomeLost, lost.Reason);
        var healed = Decide(lost, NotActed("theirs"), Rotation.FamilyKill).Next;
        Assert.Equal(
            (AccountStatus.Active, (string?)null, (InDoubtAttempts?)null),
            (healed.Status, healed.Reason, healed.Doubt)
        );
        Assert.Equal(AccountOutcome.OutOfDate, Decide(lost, NotActed("another"), Rotation.FamilyKill).Outcome);
    }

    [Fact]
    public void A_complaint_about_an_older_token_finds_the_work_done() =>
        Assert.Equal(
            AccountOutcome.AlreadyFresh,
            Decide(Active() with { Generation = 2 }, Wanted(RefreshReason.Rejected, seen: 1)).Outcome
        );

    [Fact]
    public void What_cannot_be_refreshed_runs_out_or_needs_a_person()
    {
        Assert.Equal(
            (AccountStatus.Expired, StatusReason.CredentialExpired),
            Lowered(Decide(Active(TimeSpan.Zero, false), Wanted()))
        );
        Assert.Equal(
            (AccountStatus.Expired, StatusReason.CredentialExpired),
            Lowered(Decide(Active(TimeSpan.Zero, false), new AccountEvent.TimePassed(Now)))
        );
        Assert.Equal(
            (AccountStatus.RequiresReauth, StatusReason.GrantRevoked),
            Lowered(Decide(Active(refreshable: false), Wanted(RefreshReason.Rejected)))
        );
        Assert.Equal(AccountOutcome.AlreadyFresh, Decide(Active(refreshable: false), Wanted()).Outcome);
    }

    [Fact]
    public void A_grant_sealed_for_a_generation_that_was_taken_meanwhile_is_refused()
    {
        Assert.Equal(AccountOutcome.OutOfDate, Decide(Active(), Installed(1)).Outcome);
        Assert.Equal(AccountOutcome.OutOfDate, Decide(Active(), Installed(3)).Outcome);
        var installed = Decide(
            InFlight() with
            {
                Doubt = new InDoubtAttempts("x", Now),
                Failures = 4,
                CooldownUntil = Now.AddHours(1),
                AccessRejected = true,
            },
            Installed(2)
        ).Next;
        Assert.Equal(
            new AccountState
            {
                Status = AccountStatus.Active,
                Generation = 2,
                Grant = NewFacts(),
                GrantedScopes = installed.GrantedScopes,
                RequestedScopes = installed.RequestedScopes,
            },
            installed
        );
        Assert.Equal(AccountOutcome.OutOfDate, Decide(installed, NotActed()).Outcome);
    }

    [Fact]
    public void Asking_for_consent_again_never_lowers_a_working_account()
    {
        var asked = Decide(Active(), new AccountEvent.ConsentAsked(Now, ["read", "write"])).Next;
        Assert.Equal(AccountStatus.Active, asked.Status);
        Assert.Equal("read write", string.Join(' ', asked.RequestedScopes));
        Assert.Equal("read", string.Join(' ', asked.GrantedScopes));
    }

    [Fact]
    public void A_provider_that_fails_at_revoking_is_asked_again_a_bounded_number_of_times()
    {
        var state = Decide(Active(), new AccountEvent.RevokeWanted(Now, StatusReason.RevokedByRequest)).Next;
        var tries = 0;
        while (state.Revocation == UpstreamRevocation.Pending)
        {
            var decision = Decide(state, new AccountEvent.UpstreamRevoked(Now, 1, UpstreamRevocation.Pending, true, 1));
            Assert.True(
                state.CooldownUntil is null
                    || decision.Next.CooldownUntil is null
                    || decision.Next.CooldownUntil > state.CooldownUntil
            );
            state = decision.Next;
            tries++;
        }

        Assert.Equal(Policy().RevocationAttempts, tries);
        Assert.Equal((UpstreamRevocation.Refused, (GrantFacts?)null), (state.Revocation, state.Grant));
    }

    [Fact]
    public void A_day_of_refusals_without_a_reason_ends_the_grant_and_one_refusal_or_an_outage_does_not()
    {
        var (state, now) = (Expired, Now);
        for (var hour = 0; hour <= 24; hour++, now = now.AddHours(1))
        {
            Assert.Equal((AccountStatus.Active, (string?)null), (state.Status, state.Reason));
            var id = "a" + hour;
            var begun = Decide(state, Wanted(RefreshReason.Manual, id, now)).Next;
            state = Decide(
                begun,
                (hour % 3) switch
                {
                    0 => new AccountEvent.RefreshNotActed(now, id, "http_400", null, 0.5, Refused: true),
                    1 => new AccountEvent.RefreshClientRefused(now, id, "client_misconfigured", "odd", 0.5, true),
                    _ => new AccountEvent.RefreshNotActed(now, id, "connection_refused", null, 0.5),
                }
            ).Next;
        }

        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.RefusedRepeatedly), (state.Status, state.Reason));

        // Refusals of the client, and outages, lower nothing however long they last.
        (state, now) = (Expired, Now);
        for (var day = 0; day < 9; day++, now = now.AddDays(1))
        {
            var begun = Decide(state, Wanted(RefreshReason.Manual, "b" + day, now)).Next;
            state = Decide(
                begun,
                day % 2 == 0
                    ? new AccountEvent.RefreshClientRefused(now, "b" + day, "client_misconfigured", "x", 0.5)
                    : new AccountEvent.RefreshNotActed(now, "b" + day, "http_429", null, 0.5)
            ).Next;
            Assert.Equal(AccountStatus.Active, state.Status);
        }

        // A day counts from the first refusal of this grant.
        var once = Decide(InFlight(), new AccountEvent.RefreshNotActed(Now, "mine", "http_400", null, 0.5, true)).Next;
        Assert.Equal(Now, once.RefusedSince);
        var fresh = Decide(once with { Intent = Held() }, Succeeded()).Next;
        Assert.Null(fresh.RefusedSince);
        Assert.Null(Decide(once, Installed(2)).Next.RefusedSince);
    }

    private static (AccountStatus, string?) Lowered(AccountDecision decision) =>
        (decision.Next.Status, decision.Next.Reason);
}
