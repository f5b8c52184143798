using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>The part that refreshes: intent, lease, generation, doubt.</summary>
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

        // The caller complains about a generation that is no longer the one in hand.
        if (e.SeenGeneration is { } seen && seen < state.Generation && AccountSchedule.IsLive(state, e.Now))
            return new(state, AccountOutcome.AlreadyFresh);
        if (!grant.HasRefreshToken)
            return WithoutRefresh(state, e);
        if (e.Why == RefreshReason.OnDemand && AccountSchedule.IsLive(state, e.Now))
            return new(state, AccountOutcome.AlreadyFresh);
        if (e.Why == RefreshReason.Scheduled && !IsDue(state, e.Now, policy))
            return OnTimePassed(state, new AccountEvent.TimePassed(e.Now), policy);

        // An API that refuses one fresh token after the other will refuse the next one, too: after a few, the refreshes
        // space out.
        if (
            e.Why == RefreshReason.Rejected
            && !state.AccessRejected
            && state.RejectedInRow >= FreeRejections
            && grant.ObtainedAt + RejectionPause(state, policy) is var again
            && again > e.Now
        )
            return new(state, AccountOutcome.CoolingDown, Until: again);

        // Its lease is the holder's alone until it ends: it was made longer than the call can last (law 3).
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

    // The sweeper's list may be older than the row. The earliest jitter is taken, so that what the index called due is
    // due here, too. A lapsed intent is always due: somebody has to find out what became of it.
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
    /// Presenting the token would kill a family that a late reply may still hand us; so it is not presented, and the
    /// access token serves until it runs out.
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
        // Somebody committed a grant after the one that was presented (a reconnect, or a sibling within the grace
        // window): that one stands.
        if (state.Generation != e.Generation)
            return new(state, AccountOutcome.OutOfDate);
        var facts = e.Facts;

        // A life of nothing would make every caller and every sweep refresh again; such an answer says nothing, so the
        // API's 401 tells.
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
            GrantedScopes = e.Scopes ?? state.GrantedScopes,
            Parameters = e.Parameters is null ? state.Parameters : state.Parameters.SetItems(e.Parameters),
        };

        // Revoked meanwhile: the late token is stored only to be revoked upstream; the status stays, and the due index
        // retries if we crash here.
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

        // A late success heals, whatever was concluded from its silence.
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

    // The pause we made ourselves is no sign that the token served; without it the row would be forgotten as soon as a
    // pause outgrew the minute.
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

        // The status is not touched: a failure that heals by itself never lowers a healthy account (law 6).
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
    /// An attempt that everybody doubts comes back and says that nothing happened: it has not used the token up. With
    /// no other in doubt, the token is as good as before; with others, a grace window began with the first of those
    /// that are left.
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
        // Not the holder's word, or about an older grant: another attempt decides (never delete on invalid_grant
        // without looking at the version).
        if (state.Generation != e.Generation)
            return new(state, AccountOutcome.OutOfDate);
        if (!IsHolder(state, e.AttemptId))
            return OnLateFoundDead(state, e);

        // The refusal of a token that an earlier attempt may have used up says that its reply was lost, not that the
        // user revoked.
        var reason =
            state.Doubt is not null && Consumes(policy.Refresh.Rotation) ? StatusReason.RefreshOutcomeLost : e.Reason;
        return Lower(state with { LastFailure = e.Failure }, AccountStatus.RequiresReauth, reason);
    }

    /// <summary>
    /// The attempt that everybody doubts comes back and says that the token was dead already: nothing was lost, and the
    /// reason is the provider's. Its call ended before anybody took over, so no later attempt can have used the token
    /// up; one before it can, and then its own word is all that this settles.
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
        // What is refused to the client uses up nothing.
        if (!IsHolder(state, e.AttemptId))
            return OnLateNotActed(state, e.AttemptId, e.Reason, e.Now, policy);

        // The grant may well live. Lowering every account of a connection because its client secret ran out would make
        // every user consent again.
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

    // A withdrawn account has no intent; were there one, its holder's report must not bring the account back.
    private static bool IsHolder(AccountState state, string attemptId) =>
        state.Status == AccountStatus.Active && state.Intent?.AttemptId == attemptId;

    /// <summary>Whether a successful refresh may make the presented token useless.</summary>
    private static bool Consumes(Rotation rotation) =>
        rotation is Rotation.Grace or Rotation.SingleUse or Rotation.FamilyKill;
}
