using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>Decides when an account is due; pure. The due index stores the result of <see cref="NextDue"/>.</summary>
public static class AccountSchedule
{
    /// <summary>A new upstream call gets no access token whose remaining lifetime is shorter than this.</summary>
    public static readonly TimeSpan MinimumLife = TimeSpan.FromSeconds(5);

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
    /// Whether a refresh must not be sent: the token may be consumed, and the provider revokes the family when it is
    /// presented again. After a grace window this is assumed as well: providers with one revoke the family afterwards
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
    public static DateTimeOffset? NextDue(AccountState state, RefreshPolicy policy, DateTimeOffset now, double jitter)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return state.Revocation == UpstreamRevocation.Pending ? state.CooldownUntil ?? now : null;
        if (state.Status != AccountStatus.Active || state.Grant is not { } grant)
            return null;
        if (state.Intent is { } intent && grant.HasRefreshToken)
            return intent.LeaseUntil;

        var due = RefreshDue(state, policy, now, jitter);
        if (due is not null && state.CooldownUntil is { } cool && cool > due)
            due = cool;

        // An account that cannot be refreshed is still due at its expiry, so that its status changes.
        return due ?? (grant.HasRefreshToken && !IsBarred(state, policy, now) ? null : grant.AccessExpiresAt);
    }

    private static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset b) => a is { } x && x < b ? x : b;
}
