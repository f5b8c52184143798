using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>
/// What an event means for an account: pure and total, every pair of state and event has an answer. The runner writes
/// the next state by compare-and-swap on the version it read, and only then performs effects; so of two hosts that
/// decide at once, one reads again.
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
            AccountEvent.TimePassed e => OnTimePassed(state, e, policy),
            _ => throw new ArgumentException("Not an account event: " + what.GetType().Name, nameof(what)),
        };
    }

    // Asking again never lowers a working account; only the scopes wanted are noted.
    private static AccountDecision OnConsentAsked(AccountState state, AccountEvent.ConsentAsked e) =>
        state.RequestedScopes.SequenceEqual(e.Scopes)
            ? new(state, AccountOutcome.Nothing)
            : new(state with { RequestedScopes = e.Scopes }, AccountOutcome.Changed);

    // Only who waits for that consent has another reason by it: a working account is not lowered, and a dead one keeps
    // the reason of its death.
    private static AccountDecision OnConsentInterrupted(AccountState state, AccountEvent.ConsentInterrupted e) =>
        state.ConsentLink != e.Link
        && state is { Status: AccountStatus.PendingAuth, Reason: StatusReason.AwaitingConsent }
            ? new(state with { Reason = StatusReason.ConsentInterrupted }, AccountOutcome.Changed)
            : new(state, AccountOutcome.Nothing);

    private static AccountDecision OnGrantStored(AccountState state, AccountEvent.GrantStored e)
    {
        // The grant is sealed for one generation. Had another writer made that generation meanwhile, storing this one
        // under it would not open.
        if (e.Generation != state.Generation + 1)
            return new(state, AccountOutcome.OutOfDate);
        var given = e.Grant;

        // Revoked means revoked: what only replaces a key does not bring back an account that was withdrawn while the
        // new key was tried.
        if (given.Replaces && state.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return new(state, AccountOutcome.NotUsable);

        // An own key works until the provider says otherwise; what mints has no access token yet and gets one at first
        // use.
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
            CooldownUntil = null,
            LastFailure = null,
            LastRefreshedAt = null,
            // The former grant is not revoked upstream: with most providers that would kill the new one, too.
            Revocation = UpstreamRevocation.None,
            ConsentLink = given.Link,
            RequestedScopes = given.RequestedScopes,
            GrantedScopes = given.GrantedScopes,
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

    // Revoking wins over everything, also over a refresh under way: its late reply finds this status.
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

    private static AccountDecision OnReportedDead(AccountState state, AccountEvent.GrantReportedDead e)
    {
        // Only about the generation in hand: an answer to an older token says nothing about the new one.
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
        return AccountSchedule.IsBarred(state, policy.Refresh, e.Now)
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
    /// Doubles from the base up to the maximum; the upper half is jitter, so that accounts that failed together do not
    /// return together.
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
