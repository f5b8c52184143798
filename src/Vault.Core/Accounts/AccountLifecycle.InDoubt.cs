using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>The part about attempts in doubt: what may have been sent, and what late reports settle.</summary>
public static partial class AccountLifecycle
{
    /// <summary>The last failure of an account whose last attempt has no reported outcome; it is no status
    /// reason.</summary>
    public const string RefreshOutcomeUnknown = "refresh_outcome_unknown";

    /// <summary>
    /// The refresh token may be consumed, and the provider revokes its family when it is presented again: with it the
    /// access token, and a response that a host still holds. So the access token is used until it expires, and then the
    /// token is presented once more when nothing can come of the earlier attempts: a provider that did not act gives a
    /// new grant, and one that did revokes what is lost anyway. Only the sweep does it.
    /// </summary>
    private static AccountDecision InDoubt(AccountState state, AccountEvent.RefreshWanted e, LifecyclePolicy policy)
    {
        if (AccountSchedule.IsLive(state, e.Now))
            return new(state with { LastFailure = RefreshOutcomeUnknown }, AccountOutcome.AlreadyFresh);
        if (!AccountSchedule.MayPresentAgain(policy.Refresh))
            return Lower(
                state with
                {
                    LastFailure = StatusReason.RefreshOutcomeLost,
                },
                AccountStatus.RequiresReauth,
                StatusReason.RefreshOutcomeLost
            );
        var at = AccountSchedule.PresentsAgainAt(state, policy);
        return e.Why == RefreshReason.PresentAgain && at <= e.Now
            ? Call(state, e, policy, LedgerEvents.AccountPresentedAgain)
            : new(
                state with
                {
                    LastFailure = state.LastFailure ?? RefreshOutcomeUnknown,
                },
                AccountOutcome.CoolingDown,
                Until: at
            );
    }

    private static AccountDecision OnDoubtGivenUp(
        AccountState state,
        AccountEvent.DoubtGivenUp e,
        LifecyclePolicy policy
    ) =>
        state.Status == AccountStatus.Active
        && state.Generation == e.Generation
        && state.Intent is null
        && AccountSchedule.IsBarred(state, policy.Refresh, e.Now)
        && !AccountSchedule.IsLive(state, e.Now)
            ? Lower(state, AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost)
            : new(state, AccountOutcome.OutOfDate);

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
            return
                state is { Status: AccountStatus.Active, Doubt: { } doubt }
                && doubt.Settle(a => a.AttemptId == e.AttemptId) is var settled
                && settled != doubt
                ? new(state with { Doubt = settled }, AccountOutcome.Changed)
                : new(state, AccountOutcome.OutOfDate);
        var failures = state.Failures + 1;
        var next = state with
        {
            Intent = null,
            Failures = failures,
            LastFailure = e.Failure,
            CooldownUntil =
                e.Now
                + (
                    e.RetryAfter is { } asked && asked > Cooldown(failures, e.Jitter, policy)
                        ? asked
                        : Cooldown(failures, e.Jitter, policy)
                ),
        };

        // The holder knows no more than this, so the attempt is settled with its report.
        if (Consumes(policy.Refresh.Rotation))
            next = next with
            {
                Doubt = state.Doubt?.With(state.Intent!, settled: true)
                    ?? InDoubtAttempts.Of(state.Intent!, settled: true),
            };
        if (
            AccountSchedule.IsBarred(next, policy.Refresh, e.Now)
            && !AccountSchedule.MayPresentAgain(policy.Refresh)
            && !AccountSchedule.IsLive(next, e.Now)
        )
            return Lower(next, AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost);
        return new(
            next,
            AccountOutcome.CoolingDown,
            LedgerType: LedgerEvents.AccountRefreshOutcomeUnknown,
            Until: AccountSchedule.PresentsAgainAt(next, policy) ?? next.CooldownUntil
        );
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
}
