using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>When an account needs attention; pure. The due index holds the answer of <see cref="NextDue"/>.</summary>
public static class AccountSchedule
{
    /// <summary>Below this remaining life an access token is not handed to a new upstream call.</summary>
    public static readonly TimeSpan MinimumLife = TimeSpan.FromSeconds(5);

    /// <summary>Whether the access token can be used for a call that starts now.</summary>
    public static bool IsLive(AccountState state, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state is { Status: AccountStatus.Active, AccessRejected: false, Grant: { } grant } && Lives(grant, now);
    }

    /// <summary>
    /// Tokens of a very short life keep a fifth of it as reserve rather than the whole <see cref="MinimumLife"/>;
    /// otherwise they would never count as live.
    /// </summary>
    private static bool Lives(GrantFacts grant, DateTimeOffset now)
    {
        if (grant.AccessExpiresAt is not { } end)
            return true;
        var reserve = TimeSpan.FromTicks(Math.Min(MinimumLife.Ticks, (end - grant.ObtainedAt).Ticks / 5));
        return end - now > reserve;
    }

    /// <summary>
    /// A refresh may not be sent: the token may be used up and the provider punishes presenting it again. Past a grace
    /// window that is assumed, too: providers with one kill the family afterwards (Atlassian after 10 minutes, Auth0
    /// after its leeway), and a reply that lies in some host's spool would die with it.
    /// </summary>
    public static bool IsBarred(AccountState state, RefreshPolicy policy, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(policy);
        if (state.Doubt is not { } doubt)
            return false;

        // The window opens when the provider acts, which is after the attempt was noted; so it is over for us a little
        // before it is over there.
        return policy.Rotation == Rotation.FamilyKill
            || (policy.Rotation == Rotation.Grace && now >= doubt.FirstSentAt + policy.Grace);
    }

    /// <summary>
    /// When the sweeper should refresh: the margin before expiry, or half-way through the idle life; null for never.
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

        // A minted token costs one call whenever it is wanted; keeping unused ones alive would only load the provider.
        if (policy.Rotation == Rotation.Mints)
            return null;
        if (state.AccessRejected)
            return grant.ObtainedAt;

        // While the grace window is open the lost reply can still be had; when it has shut, the grant is gone. So it is
        // not left to the next margin.
        if (state.Doubt is { } doubt && policy.Rotation == Rotation.Grace)
            return doubt.FirstSentAt;

        DateTimeOffset? due = null;
        if (grant.AccessExpiresAt is { } end)
        {
            // Never earlier than half the token's life, or a short-lived token would be refreshed all the time.
            var margin = TimeSpan.FromTicks(Math.Min(policy.Margin.Ticks, (end - grant.ObtainedAt).Ticks / 2));
            due = end - margin - (margin * 0.1 * jitter);
        }

        if (policy.IdleLifetime is { } idle)
            due = Earlier(due, grant.ObtainedAt + (idle * (0.5 - (0.05 * jitter))));
        if (grant.RefreshExpiresAt is { } hard)
            due = Earlier(due, grant.ObtainedAt + ((hard - grant.ObtainedAt) * (0.5 - (0.05 * jitter))));
        return due;
    }

    /// <summary>When the due index should bring the account up; null for never.</summary>
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

        // What cannot be refreshed still has to be told that it ran out.
        return due ?? (grant.HasRefreshToken && !IsBarred(state, policy, now) ? null : grant.AccessExpiresAt);
    }

    private static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset b) => a is { } x && x < b ? x : b;
}
