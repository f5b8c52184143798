using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>The refresh part: intent, lease, generation, in-doubt attempts.</summary>
public static partial class AccountLifecycle
{
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
        if (e.Why == RefreshReason.Scheduled && !IsDue(state, e.Now, policy))
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
        var current = state with
        {
            Intent = null,
            Doubt = doubt,
            AccessRejected = state.AccessRejected || e.Why == RefreshReason.Rejected,
        };

        if (AccountSchedule.IsBarred(current, policy.Refresh, e.Now))
            return Barred(current, e.Now);
        if (state.CooldownUntil is { } cool && cool > e.Now && e.Why != RefreshReason.Manual)
            return new(current, AccountOutcome.CoolingDown, Until: cool);

        var intent = new RefreshIntent(e.AttemptId, e.Holder, e.Now, e.Now + policy.Lease);
        return new(current with { Intent = intent }, AccountOutcome.CallTokenEndpoint, Until: intent.LeaseUntil);
    }

    // The sweep's list may be older than the row. The jitter that gives the earliest time is used, so an account that
    // the index lists as due is due here as well. A lapsed intent is always due: its outcome must be settled.
    private static bool IsDue(AccountState state, DateTimeOffset now, LifecyclePolicy policy) =>
        state.Intent is not null
        || (
            AccountSchedule.RefreshDue(state, policy.Refresh, now, 1) is { } due
            && (due <= now || !AccountSchedule.IsLive(state, now))
        );

    private static AccountDecision WithoutRefresh(AccountState state, AccountEvent.RefreshWanted e)
    {
        if (e.Why == RefreshReason.Rejected)
            return Lower(state, AccountStatus.RequiresReauth, StatusReason.GrantRevoked);
        return state.Grant!.AccessExpiresAt is { } end && end <= e.Now
            ? Lower(state, AccountStatus.Expired, StatusReason.CredentialExpired)
            : new(state, AccountOutcome.AlreadyFresh);
    }

    /// <summary>
    /// The refresh token is not presented again: the provider would revoke the family, and a late response may still
    /// carry a live grant of it. The access token is used until it expires.
    /// </summary>
    private static AccountDecision Barred(AccountState state, DateTimeOffset now) =>
        AccountSchedule.IsLive(state, now)
            ? new(state with { LastFailure = StatusReason.RefreshOutcomeLost }, AccountOutcome.AlreadyFresh)
            : Lower(
                state with
                {
                    LastFailure = StatusReason.RefreshOutcomeLost,
                },
                AccountStatus.RequiresReauth,
                StatusReason.RefreshOutcomeLost
            );

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
            CooldownUntil = null,
            LastFailure = null,
            LastRefreshedAt = e.Now,
            GrantedScopes = e.Scopes is { } told
                ? ToldScopes.InTermsOf(state.RequestedScopes, told)
                : state.GrantedScopes,
            ScopesUnknown = state.ScopesUnknown && e.Scopes is null,
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
        };
        return new(
            next,
            AccountOutcome.CoolingDown,
            LedgerType: failures == 1 ? "account.refresh_failed" : null,
            Until: next.CooldownUntil
        );
    }

    /// <summary>
    /// An in-doubt attempt reports late that the provider did not act, so it did not consume the refresh token. With no
    /// other attempt in doubt the token is as good as before. With others, the grace window began with the first of
    /// those that remain.
    /// </summary>
    private static AccountDecision OnLateNotActed(
        AccountState state,
        string attemptId,
        string failure,
        DateTimeOffset now,
        LifecyclePolicy policy
    )
    {
        if (state.Doubt is not { } doubt || !doubt.Includes(attemptId))
            return new(state, AccountOutcome.OutOfDate);
        var certain = state with { Doubt = doubt.Without(attemptId) };
        if (state.Status == AccountStatus.Active)
            return new(certain, AccountOutcome.Changed);
        if (state is not { Status: AccountStatus.RequiresReauth, Reason: StatusReason.RefreshOutcomeLost })
            return new(state, AccountOutcome.OutOfDate);
        var heals =
            certain.Doubt is null
            || (policy.Refresh.Rotation == Rotation.Grace && !AccountSchedule.IsBarred(certain, policy.Refresh, now));
        return heals
            ? new(
                certain with
                {
                    Status = AccountStatus.Active,
                    Reason = null,
                    LastFailure = failure,
                },
                AccountOutcome.Changed,
                LedgerType: "account.healed"
            )
            : new(certain, AccountOutcome.Changed);
    }

    private static AccountDecision OnMayHaveActed(
        AccountState state,
        AccountEvent.RefreshMayHaveActed e,
        LifecyclePolicy policy
    )
    {
        if (!IsHolder(state, e.AttemptId))
            return new(state, AccountOutcome.OutOfDate);
        var failures = state.Failures + 1;
        var next = state with
        {
            Intent = null,
            Failures = failures,
            LastFailure = e.Failure,
            CooldownUntil = e.Now + Cooldown(failures, e.Jitter, policy),
        };
        if (Consumes(policy.Refresh.Rotation))
            next = next with { Doubt = state.Doubt?.With(state.Intent!) ?? InDoubtAttempts.Of(state.Intent!) };
        if (AccountSchedule.IsBarred(next, policy.Refresh, e.Now))
        {
            var barred = Barred(next with { CooldownUntil = null }, e.Now);
            return barred with { LedgerType = barred.LedgerType ?? "account.refresh_outcome_unknown" };
        }

        return new(
            next,
            AccountOutcome.CoolingDown,
            LedgerType: "account.refresh_outcome_unknown",
            Until: next.CooldownUntil
        );
    }

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

    /// <summary>
    /// An in-doubt attempt reports late that the token was already dead: no response was lost, and the provider's
    /// reason stands. Its call ended before another host took over, so no later attempt can have consumed the token. An
    /// earlier one can, and then this report settles only its own attempt.
    /// </summary>
    private static AccountDecision OnLateFoundDead(AccountState state, AccountEvent.RefreshFoundDead e)
    {
        if (state.Doubt is not { } doubt || !doubt.Includes(e.AttemptId))
            return new(state, AccountOutcome.OutOfDate);
        if (!doubt.BeganWith(e.AttemptId))
            return new(state with { Doubt = doubt.Without(e.AttemptId) }, AccountOutcome.Changed);
        var certain = state with { Doubt = null };
        return state switch
        {
            { Status: AccountStatus.Active, Intent: not null } => new(certain, AccountOutcome.Changed),
            { Status: AccountStatus.Active }
            or { Status: AccountStatus.RequiresReauth, Reason: StatusReason.RefreshOutcomeLost } => Lower(
                certain with
                {
                    LastFailure = e.Failure,
                },
                AccountStatus.RequiresReauth,
                e.Reason
            ),
            _ => new(state, AccountOutcome.OutOfDate),
        };
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
        };
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
