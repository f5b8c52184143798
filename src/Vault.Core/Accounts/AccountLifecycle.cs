using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>
/// Decides what an event means for an account. Pure and total: every pair of state and event has a decision. The runner
/// writes the next state by compare-and-swap on the version it read, and only then performs effects. Of two hosts that
/// decide at once, one writes and the other reads again.
/// </summary>
public static partial class AccountLifecycle
{
    public static AccountState New(ImmutableArray<string> requestedScopes) =>
        new()
        {
            Status = AccountStatus.PendingAuth,
            Reason = StatusReason.AwaitingConsent,
            RequestedScopes = requestedScopes,
        };

    public static AccountDecision Decide(AccountState state, AccountEvent what, LifecyclePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(what);
        ArgumentNullException.ThrowIfNull(policy);
        return what switch
        {
            AccountEvent.ConsentAsked e => OnConsentAsked(state, e),
            AccountEvent.ConsentInterrupted e => OnConsentInterrupted(state, e),
            AccountEvent.GrantStored e => OnGrantStored(state, e),
            AccountEvent.RefreshWanted e => OnRefreshWanted(state, e, policy),
            AccountEvent.RefreshSucceeded e => OnSucceeded(state, e, policy),
            AccountEvent.RefreshNotActed e => OnNotActed(state, e, policy),
            AccountEvent.RefreshMayHaveActed e => OnMayHaveActed(state, e, policy),
            AccountEvent.DoubtGivenUp e => OnDoubtGivenUp(state, e, policy),
            AccountEvent.RefreshFoundDead e => OnFoundDead(state, e, policy),
            AccountEvent.RefreshClientRefused e => OnClientRefused(state, e, policy),
            AccountEvent.GrantReportedDead e => OnReportedDead(state, e),
            AccountEvent.RevokeWanted e => Withdraw(state, AccountStatus.Revoked, e.Reason, "account.revoked"),
            AccountEvent.ConnectionRemoved => Withdraw(
                state,
                AccountStatus.Disconnected,
                StatusReason.ConnectionDeleted,
                "account.disconnected"
            ),
            AccountEvent.UpstreamRevoked e => OnUpstreamRevoked(state, e, policy),
            AccountEvent.Used e => OnUsed(state, e),
            AccountEvent.TimePassed e => OnTimePassed(state, e, policy),
            _ => throw new ArgumentException("Not an account event: " + what.GetType().Name, nameof(what)),
        };
    }

    // A new request never lowers an active account; it only records the requested scopes.
    private static AccountDecision OnConsentAsked(AccountState state, AccountEvent.ConsentAsked e) =>
        state.RequestedScopes.SequenceEqual(e.Scopes)
            ? new(state, AccountOutcome.Nothing)
            : new(state with { RequestedScopes = e.Scopes }, AccountOutcome.Changed);

    // Only an account that waits for this consent gets the new reason. An active account is not lowered, and one whose
    // grant is dead keeps the reason for that.
    private static AccountDecision OnConsentInterrupted(AccountState state, AccountEvent.ConsentInterrupted e) =>
        state.ConsentLink != e.Link
        && state is { Status: AccountStatus.PendingAuth, Reason: StatusReason.AwaitingConsent }
            ? new(state with { Reason = StatusReason.ConsentInterrupted }, AccountOutcome.Changed)
            : new(state, AccountOutcome.Nothing);

    private static AccountDecision OnGrantStored(AccountState state, AccountEvent.GrantStored e)
    {
        // The grant is sealed for one generation. If another writer has made that generation, this grant would be
        // stored under a later one and could not be opened.
        if (e.Generation != state.Generation + 1)
            return new(state, AccountOutcome.OutOfDate);
        var given = e.Grant;

        // A replaced key does not reactivate an account that was revoked while the new key was verified.
        if (given.Replaces && state.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return new(state, AccountOutcome.NotUsable);

        // A static credential is good until the provider rejects it. A minting account has no access token yet; its
        // first use obtains one.
        var facts = given.Facts ?? new GrantFacts(e.Now, given.Mints ? e.Now : null, given.Mints, null, e.Now);
        var next = state with
        {
            Status = AccountStatus.Active,
            Reason = null,
            Generation = e.Generation,
            Grant = facts,
            Mints = given.Mints,
            Intent = null,
            Doubt = null,
            AccessRejected = false,
            Failures = 0,
            RefusedSince = null,
            CooldownUntil = null,
            LastFailure = null,
            LastRefreshedAt = null,
            // The former grant is not revoked at the provider: most providers would revoke the new one with it.
            Revocation = UpstreamRevocation.None,
            ConsentLink = given.Link,
            RequestedScopes = given.RequestedScopes,
            GrantedScopes = ReportedScopes.InTermsOf(given.RequestedScopes, given.GrantedScopes),
            ScopesUnknown = given.ScopesUnknown,
            Terms = given.Terms,
            Unverified = given.Unverified,
            Identity = given.Identity ?? state.Identity,
            MaskedSuffix = given.MaskedSuffix,
            Parameters = given.Parameters,
        };
        var effects =
            GrantEffect.StoreGrant | (given.Credential is null ? GrantEffect.None : GrantEffect.StoreCredential);
        return new(
            next,
            AccountOutcome.Changed,
            effects,
            state.Generation == 0 ? "account.connected" : "account.reconnected"
        );
    }

    // A revocation wins over everything, also over a refresh in flight: its late response finds this status.
    private static AccountDecision Withdraw(AccountState state, AccountStatus status, string reason, string ledgerType)
    {
        if (state.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return new(
                state,
                AccountOutcome.Nothing,
                state.Revocation == UpstreamRevocation.Pending ? GrantEffect.RevokeUpstream : GrantEffect.None
            );
        var hasGrant = state.Grant is not null;
        var next = state with
        {
            Status = status,
            Reason = reason,
            Intent = null,
            Doubt = null,
            Failures = 0,
            CooldownUntil = null,
            Revocation = hasGrant ? UpstreamRevocation.Pending : UpstreamRevocation.None,
        };
        return new(next, AccountOutcome.Changed, hasGrant ? GrantEffect.RevokeUpstream : GrantEffect.Wipe, ledgerType);
    }

    private static AccountDecision OnUpstreamRevoked(
        AccountState state,
        AccountEvent.UpstreamRevoked e,
        LifecyclePolicy policy
    )
    {
        if (state.Revocation != UpstreamRevocation.Pending || state.Generation != e.Generation)
            return new(state, AccountOutcome.OutOfDate);
        if (e.Retry && state.Failures + 1 < policy.RevocationAttempts)
        {
            var again = state with
            {
                Failures = state.Failures + 1,
                CooldownUntil = e.Now + Cooldown(state.Failures + 1, e.Jitter, policy),
            };
            return new(again, AccountOutcome.Changed, Until: again.CooldownUntil);
        }

        var done = state with
        {
            Revocation = e.Outcome == UpstreamRevocation.Pending ? UpstreamRevocation.Refused : e.Outcome,
            CooldownUntil = null,
            Grant = null,
        };
        return new(done, AccountOutcome.Changed, GrantEffect.Wipe, "account.revoked_upstream");
    }

    private static AccountDecision OnUsed(AccountState state, AccountEvent.Used e) =>
        state.Unverified && state.Status == AccountStatus.Active && state.Generation == e.Generation
            ? new(state with { Unverified = false }, AccountOutcome.Changed, LedgerType: "account.verified")
            : new(state, AccountOutcome.Nothing);

    private static AccountDecision OnReportedDead(AccountState state, AccountEvent.GrantReportedDead e)
    {
        // Only the current generation counts: a response to an older token says nothing about the new one.
        if (state.Status != AccountStatus.Active || state.Generation != e.Generation)
            return new(state, AccountOutcome.OutOfDate);
        return Lower(state, AccountStatus.RequiresReauth, e.Reason);
    }

    private static AccountDecision OnTimePassed(AccountState state, AccountEvent.TimePassed e, LifecyclePolicy policy)
    {
        if (state is not { Status: AccountStatus.Active, Grant: { AccessExpiresAt: { } end } grant } || end > e.Now)
            return new(state, AccountOutcome.Nothing);
        if (!grant.HasRefreshToken)
            return Lower(state, AccountStatus.Expired, StatusReason.CredentialExpired);
        return
            AccountSchedule.IsBarred(state, policy.Refresh, e.Now) && !AccountSchedule.MayPresentAgain(policy.Refresh)
            ? Lower(state, AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost)
            : new(state, AccountOutcome.Nothing);
    }

    private static AccountDecision Lower(AccountState state, AccountStatus status, string reason) =>
        new(
            state with
            {
                Status = status,
                Reason = reason,
                Intent = null,
                CooldownUntil = null,
            },
            AccountOutcome.NotUsable,
            GrantEffect.None,
            status == AccountStatus.Expired ? "account.expired" : "account.reauth_required"
        );

    /// <summary>
    /// Doubles from the base up to the maximum. The upper half is jitter, so accounts that failed together do not retry
    /// together.
    /// </summary>
    internal static TimeSpan Cooldown(int failures, double jitter, LifecyclePolicy policy)
    {
        var full = Math.Min(
            policy.CooldownMax.Ticks,
            policy.CooldownBase.Ticks * Math.Pow(2, Math.Clamp(failures - 1, 0, 30))
        );
        return TimeSpan.FromTicks((long)(full * (0.5 + (0.5 * Math.Clamp(jitter, 0, 1)))));
    }
}
