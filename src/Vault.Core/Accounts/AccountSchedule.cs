using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>Decides when an account is due; pure. The due index stores the result of <see cref="NextDue"/>.</summary>
public static class AccountSchedule
{
    /// <summary>A new upstream call gets no access token whose remaining lifetime is shorter than this.</summary>
    public static readonly TimeSpan MinimumLife = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    /// <summary>Whether the access token can be used for a call that starts now.</summary>
    public static bool IsLive(AccountState state, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state is { Status: AccountStatus.Active, AccessRejected: false, Grant: { } grant } && Lives(grant, now);
    }

    /// <summary>
    /// A token with a very short lifetime keeps a fifth of it in reserve instead of <see cref="MinimumLife"/>;
    /// otherwise it would never count as live.
    /// </summary>
    private static bool Lives(GrantFacts grant, DateTimeOffset now)
    {
        if (grant.AccessExpiresAt is not { } end)
            return true;
        var reserve = TimeSpan.FromTicks(Math.Min(MinimumLife.Ticks, (end - grant.ObtainedAt).Ticks / 5));
        return end - now > reserve;
    }

    /// <summary>
    /// Whether a token is in doubt that an ordinary refresh must not present: it may be consumed, and the provider
    /// revokes the family when it is presented again. After a grace window this is assumed as well: providers with one
    /// revoke the family afterwards
    /// (Atlassian after 10 minutes, Auth0 after its leeway), and with it a response that a host still holds in its
    /// spool.
    /// </summary>
    public static bool IsBarred(AccountState state, RefreshPolicy policy, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(policy);
        if (state.Doubt is not { } doubt)
            return false;

        // The provider's window begins when it acts, after the attempt was recorded here. So the window closes for us
        // slightly before it closes there.
        return policy.Rotation == Rotation.FamilyKill
            || (policy.Rotation == Rotation.Grace && now >= doubt.FirstSentAt + policy.Grace);
    }

    /// <summary>
    /// Whether a token in doubt may be presented once more at all: a reuse revokes no more than the grant itself. Where
    /// nothing is known that is assumed (RFC 9700 4.14.2).
    /// </summary>
    public static bool MayPresentAgain(RefreshPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.ReuseKills is not (ReuseKills.User or ReuseKills.Client);
    }

    /// <summary>
    /// When a token in doubt can be presented once more without harm: the access token no longer serves, every attempt
    /// in doubt is settled, and the pause after the last failure is over. Null while the access token serves for a time
    /// that nobody knows.
    /// </summary>
    public static DateTimeOffset? PresentsAgainAt(AccountState state, LifecyclePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(policy);
        if (state is not { Doubt: { } doubt, Grant: { } grant } || ServesUntil(state, grant) is not { } end)
            return null;
        var at = Later(end, doubt.SettledAt(policy.Lease, policy.Horizon));
        return state.CooldownUntil is { } cool ? Later(at, cool) : at;
    }

    private static DateTimeOffset? ServesUntil(AccountState state, GrantFacts grant) =>
        state.AccessRejected ? grant.ObtainedAt : grant.AccessExpiresAt;

    /// <summary>
    /// When the sweep should refresh: the margin before expiry, or half-way through the idle lifetime; null for never.
    /// </summary>
    /// <param name="now">For the end of a grace window.</param>
    /// <param name="jitter">0 to 1; spreads accounts that expire together over a tenth of the margin.</param>
    public static DateTimeOffset? RefreshDue(
        AccountState state,
        RefreshPolicy policy,
        DateTimeOffset now,
        double jitter
    )
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(policy);
        if (
            state is not { Status: AccountStatus.Active, Grant: { HasRefreshToken: true } grant }
            || IsBarred(state, policy, now)
        )
            return null;

        // A minted token costs one call at the next use; refreshing unused ones would only load the provider.
        if (policy.Rotation == Rotation.Mints)
            return null;
        if (state.AccessRejected)
            return grant.ObtainedAt;

        // While the grace window is open, another refresh recovers the lost response; after it the grant is lost. So
        // the refresh does not wait for the next margin.
        if (state.Doubt is { } doubt && policy.Rotation == Rotation.Grace)
            return doubt.FirstSentAt;

        DateTimeOffset? due = null;
        if (grant.AccessExpiresAt is { } end)
        {
            // Never earlier than half the token's lifetime; otherwise a short-lived token would be refreshed
            // constantly.
            var margin = TimeSpan.FromTicks(Math.Min(policy.Margin.Ticks, (end - grant.ObtainedAt).Ticks / 2));
            due = end - margin - (margin * 0.1 * jitter);
        }

        if (policy.IdleLifetime is { } idle)
            due = Earlier(due, grant.ObtainedAt + (idle * (0.5 - (0.05 * jitter))));
        if (grant.RefreshExpiresAt is { } hard)
            due = Earlier(due, grant.ObtainedAt + ((hard - grant.ObtainedAt) * (0.5 - (0.05 * jitter))));
        return due;
    }

    /// <summary>When the due index should list the account; null for never.</summary>
    public static DateTimeOffset? NextDue(AccountState state, LifecyclePolicy policy, DateTimeOffset now, double jitter)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(policy);
        if (state.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return state.Revocation == UpstreamRevocation.Pending ? state.CooldownUntil ?? now : null;
        if (state.Status != AccountStatus.Active || state.Grant is not { } grant)
            return null;
        if (state.Intent is { } intent && grant.HasRefreshToken)
            return intent.LeaseUntil;

        if (grant.HasRefreshToken && IsBarred(state, policy.Refresh, now))
            return MayPresentAgain(policy.Refresh)
                ? NextLook(state, grant, policy, now, jitter)
                : grant.AccessExpiresAt;
        var due = RefreshDue(state, policy.Refresh, now, jitter);
        if (due is not null && state.CooldownUntil is { } cool && cool > due)
            due = cool;

        // An account that cannot be refreshed is still due at its expiry, so that its status changes.
        return due ?? (grant.HasRefreshToken ? null : grant.AccessExpiresAt);
    }

    // Another process may settle an attempt before the horizon does, so an account without a token is looked at again
    // every minute.
    private static DateTimeOffset? NextLook(
        AccountState state,
        GrantFacts grant,
        LifecyclePolicy policy,
        DateTimeOffset now,
        double jitter
    )
    {
        if (PresentsAgainAt(state, policy) is not { } at)
            return null;
        var look = Later(ServesUntil(state, grant)!.Value, now + (Look * (0.75 + (0.5 * jitter))));
        return at <= look || !state.Doubt!.Unreported.Any() ? at : look;
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset b) => a is { } x && x < b ? x : b;
}
