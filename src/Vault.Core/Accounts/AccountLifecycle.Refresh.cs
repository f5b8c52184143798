using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>The refresh part: intent, lease, generation, in-doubt attempts.</summary>
public static partial class AccountLifecycle
{
    private const int MinRefusals = 3;
    private const int FreeRejections = 3;
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    private static AccountDecision OnRefreshWanted(
        AccountState state,
        AccountEvent.RefreshWanted e,
        LifecyclePolicy policy
    )
    {
        if (state.Status != AccountStatus.Active || state.Grant is not { } grant)
            return new(state, AccountOutcome.NotUsable);

        // The caller's token is of an older generation than the current one.
        if (e.SeenGeneration is { } seen && seen < state.Generation && AccountSchedule.IsLive(state, e.Now))
            return new(state, AccountOutcome.AlreadyFresh);
        if (!grant.HasRefreshToken)
            return WithoutRefresh(state, e);
        if (e.Why == RefreshReason.OnDemand && AccountSchedule.IsLive(state, e.Now))
            return new(state, AccountOutcome.AlreadyFresh);
        if (e.Why is RefreshReason.Scheduled or RefreshReason.PresentAgain && !IsDue(state, e.Now, policy))
            return OnTimePassed(state, new AccountEvent.TimePassed(e.Now), policy);

        // An API that rejected several fresh tokens in a row will reject the next one as well, so after a few the
        // refreshes are spaced out.
        if (
            e.Why == RefreshReason.Rejected
            && !state.AccessRejected
            && state.RejectedInRow >= FreeRejections
            && grant.ObtainedAt + RejectionPause(state, policy) is var again
            && again > e.Now
        )
            return new(state, AccountOutcome.CoolingDown, Until: again);

        // Until its lease ends only the holder may call: the lease is longer than a call can take (law 3).
        if (state.Intent is { } held && held.LeaseUntil > e.Now && !e.HolderIsDead)
            return new(state, AccountOutcome.HeldByAnother, Until: held.LeaseUntil);

        var doubt = state.Doubt;
        if (state.Intent is { } lapsed && Consumes(policy.Refresh.Rotation))
            doubt = doubt?.With(lapsed) ?? InDoubtAttempts.Of(lapsed);
        if (e.Settled is { Count: > 0 } settled)
            doubt = doubt?.Settle(a => a.Holder is { } holder && settled.Contains(holder));
        var current = state with
        {
            Intent = null,
            Doubt = doubt,
            AccessRejected = state.AccessRejected || e.Why == RefreshReason.Rejected,
        };

        if (AccountSchedule.IsBarred(current, policy.Refresh, e.Now))
            return InDoubt(current, e, policy);
        if (state.CooldownUntil is { } cool && cool > e.Now && e.Why != RefreshReason.Manual)
            return new(current, AccountOutcome.CoolingDown, Until: cool);

        return Call(current, e, policy, ledgerType: null);
    }

    private static AccountDecision Call(
        AccountState state,
        AccountEvent.RefreshWanted e,
        LifecyclePolicy policy,
        string? ledgerType
    )
    {
        var intent = new RefreshIntent(e.AttemptId, e.Holder, e.Now, e.Now + policy.Lease);
        return new(
            state with
            {
                Intent = intent,
            },
            AccountOutcome.CallTokenEndpoint,
            LedgerType: ledgerType,
            Until: intent.LeaseUntil
        );
    }

    // The sweep's list may be older than the row. The jitter that gives the earliest time is used, so an account that
    // the index lists as due is due here as well. A lapsed intent is always due: its outcome must be settled.
    private static bool IsDue(AccountState state, DateTimeOffset now, LifecyclePolicy policy) =>
        state.Intent is not null
        || (
            AccountSchedule.RefreshDue(state, policy.Refresh, now, 1) is { } due
            && (due <= now || !AccountSchedule.IsLive(state, now))
        )
        || (AccountSchedule.IsBarred(state, policy.Refresh, now) && !AccountSchedule.IsLive(state, now));

    private static AccountDecision WithoutRefresh(AccountState state, AccountEvent.RefreshWanted e)
    {
        if (e.Why == RefreshReason.Rejected)
            return Lower(state, AccountStatus.RequiresReauth, StatusReason.GrantRevoked);
        return state.Grant!.AccessExpiresAt is { } end && end <= e.Now
            ? Lower(state, AccountStatus.Expired, StatusReason.CredentialExpired)
            : new(state, AccountOutcome.AlreadyFresh);
    }

    private static AccountDecision OnSucceeded(
        AccountState state,
        AccountEvent.RefreshSucceeded e,
        LifecyclePolicy policy
    )
    {
        // Another writer committed a grant after this one was presented (a reconnect, or another attempt within the
        // grace window). That grant stays.
        if (state.Generation != e.Generation)
            return new(state, AccountOutcome.OutOfDate);
        var facts = e.Facts;

        // A lifetime of zero would make every caller and every sweep refresh again. It is treated as unstated: the
        // API's 401 then shows the expiry.
        if (facts.AccessExpiresAt <= facts.ObtainedAt)
            facts = facts with { AccessExpiresAt = null };
        var taken = state with
        {
            Generation = state.Generation + 1,
            Grant = facts,
            Intent = null,
            Doubt = null,
            AccessRejected = false,
            RejectedInRow = WasRejectedSoon(state, e.Now, policy) ? state.RejectedInRow + 1 : 0,
            Failures = 0,
            RefusedSince = null,
            CooldownUntil = null,
            LastFailure = null,
            LastRefreshedAt = e.Now,
            GrantedScopes = e.Scopes is { } told
                ? ReportedScopes.InTermsOf(state.RequestedScopes, told)
                : state.GrantedScopes,
            ScopesUnknown = state.ScopesUnknown && e.Scopes is null,
            Unverified = false,
            Parameters = e.Parameters is null ? state.Parameters : state.Parameters.SetItems(e.Parameters),
        };

        // Revoked during the call: the late grant is stored only to be revoked at the provider. The status stays, and
        // after a crash here the due index retries.
        if (state.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return new(
                taken with
                {
                    Revocation = UpstreamRevocation.Pending,
                },
                AccountOutcome.Changed,
                GrantEffect.StoreGrant | GrantEffect.RevokeUpstream,
                "account.late_grant_revoked"
            );

        // A late success restores the account, also where the grant was already recorded as lost.
        return new(
            taken with
            {
                Status = AccountStatus.Active,
                Reason = null,
            },
            AccountOutcome.Changed,
            GrantEffect.StoreGrant,
            state.Status == AccountStatus.Active ? "account.refreshed" : "account.healed"
        );
    }

    private static TimeSpan RejectionPause(AccountState state, LifecyclePolicy policy) =>
        state.RejectedInRow < FreeRejections
            ? TimeSpan.Zero
            : Cooldown(state.RejectedInRow - FreeRejections + 1, 1, policy);

    // Our own pause does not show that the token worked. Without adding it, the count would restart as soon as a pause
    // is longer than a minute.
    private static bool WasRejectedSoon(AccountState state, DateTimeOffset now, LifecyclePolicy policy) =>
        state.AccessRejected
        && state.Grant is { } former
        && now - former.ObtainedAt < Soon + RejectionPause(state, policy);

    private static AccountDecision OnNotActed(
        AccountState state,
        AccountEvent.RefreshNotActed e,
        LifecyclePolicy policy
    )
    {
        if (!IsHolder(state, e.AttemptId))
            return OnLateNotActed(state, e.AttemptId, e.Failure, e.Now, policy);
        var failures = state.Failures + 1;
        var pause = Cooldown(failures, e.Jitter, policy);
        if (e.RetryAfter is { } asked && asked > pause)
            pause = asked;

        // The status stays: a transient failure never lowers an active account (law 6).
        var next = state with
        {
            Intent = null,
            Failures = failures,
            CooldownUntil = e.Now + pause,
            LastFailure = e.Failure,
            RefusedSince = e.Refused ? state.RefusedSince ?? e.Now : state.RefusedSince,
        };
        if (e.Refused && IsRefusedForGood(next, e.Now, policy))
            return Lower(next, AccountStatus.RequiresReauth, StatusReason.RefusedRepeatedly);
        return new(
            next,
            AccountOutcome.CoolingDown,
            LedgerType: failures == 1 ? "account.refresh_failed" : null,
            Until: next.CooldownUntil
        );
    }

    // One refusal is a guess; a day of refusals is not. A provider's outage does not end it, only a new grant does.
    private static bool IsRefusedForGood(AccountState state, DateTimeOffset now, LifecyclePolicy policy) =>
        state.RefusedSince is { } since && now - since >= policy.RefusedFor && state.Failures >= MinRefusals;

    private static AccountDecision OnFoundDead(
        AccountState state,
        AccountEvent.RefreshFoundDead e,
        LifecyclePolicy policy
    )
    {
        // Never lower an account on invalid_grant without comparing the generation: the report may be about an older
        // grant, and then another attempt decides.
        if (state.Generation != e.Generation)
            return new(state, AccountOutcome.OutOfDate);
        if (!IsHolder(state, e.AttemptId))
            return OnLateFoundDead(state, e);

        // An earlier attempt may have consumed the token. Then the refusal shows that its response was lost, not that
        // the user revoked the grant.
        var reason =
            state.Doubt is not null && Consumes(policy.Refresh.Rotation) ? StatusReason.RefreshOutcomeLost : e.Reason;
        return Lower(state with { LastFailure = e.Failure }, AccountStatus.RequiresReauth, reason);
    }

    private static AccountDecision OnClientRefused(
        AccountState state,
        AccountEvent.RefreshClientRefused e,
        LifecyclePolicy policy
    )
    {
        // A provider that refuses the client has consumed nothing.
        if (!IsHolder(state, e.AttemptId))
            return OnLateNotActed(state, e.AttemptId, e.Reason, e.Now, policy);

        // The grant may still be valid. If an expired client secret lowered every account of its connection, every user
        // would have to consent again.
        var failures = state.Failures + 1;
        var next = state with
        {
            Intent = null,
            Failures = failures,
            LastFailure = e.Reason,
            CooldownUntil = e.Now + Cooldown(failures + 2, e.Jitter, policy),
            RefusedSince = e.Refused ? state.RefusedSince ?? e.Now : state.RefusedSince,
        };
        if (e.Refused && IsRefusedForGood(next, e.Now, policy))
            return Lower(
                next with
                {
                    LastFailure = e.Failure,
                },
                AccountStatus.RequiresReauth,
                StatusReason.RefusedRepeatedly
            );
        return new(
            next,
            AccountOutcome.CoolingDown,
            LedgerType: failures == 1 ? "account.client_refused" : null,
            Until: next.CooldownUntil
        );
    }

    // A revoked account has no intent. The status is checked all the same, so no report can reactivate the account.
    private static bool IsHolder(AccountState state, string attemptId) =>
        state.Status == AccountStatus.Active && state.Intent?.AttemptId == attemptId;

    /// <summary>Whether a successful refresh may invalidate the presented token.</summary>
    private static bool Consumes(Rotation rotation) =>
        rotation is Rotation.Grace or Rotation.SingleUse or Rotation.FamilyKill;
}
