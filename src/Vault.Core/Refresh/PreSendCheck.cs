using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Refresh;

/// <summary>
/// The last check before an attempt sends. A process can be frozen between its intent and its send, and meanwhile lose
/// the lease or miss a revocation. The lease is measured from before the intent was written, on the monotonic clock: a
/// frozen process, a slow store or a clock that is set leaves less of it, never more. So the call ends before another
/// host can take over, whatever the clocks of the hosts say (law 3).
/// </summary>
internal sealed class PreSendCheck(
    IAccountStore store,
    AccountRunner runner,
    UnreportedOutcomes outcomes,
    TimeProvider time,
    LifecycleOptions options
)
{
    /// <summary>
    /// The lease must leave room for the call. What was read longer ago than the freshness lease is read again, because
    /// a revocation or a closed gate may have been acknowledged since (law 8). Null: send now, without waiting for
    /// anything else. An error: nothing is sent, and the lease is returned.
    /// </summary>
    public async Task<VaultError?> CheckAsync(RefreshLease lease)
    {
        var confirmed = lease.TakenAt;
        while (true)
        {
            if (Left(lease) < options.TokenTimeout / 4)
            {
                await ReturnAsync(lease, "lease_too_short").ConfigureAwait(false);
                return AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
            }

            if (time.GetElapsedTime(confirmed) < options.FreshnessLease * 0.9)
                return null;
            confirmed = time.GetTimestamp();
            var now = await ReadAgainAsync(lease).ConfigureAwait(false);
            if (now is { Gate.Open: true } && now.Row.State.Intent?.AttemptId == lease.AttemptId)
                continue;
            await ReturnAsync(lease, "stopped").ConfigureAwait(false);
            return now is { Gate.Open: false }
                ? AccountErrors.Suspended()
                : AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>
    /// When the call must end: before the lease ends, and where an in-doubt attempt may have used the refresh token,
    /// before the provider's grace window for it closes. The token must arrive within the window, not only leave.
    /// </summary>
    public DateTimeOffset DeadlineFor(AccountRow row, RefreshLease lease)
    {
        var left = Left(lease);
        var deadline = time.GetUtcNow() + (left < options.TokenTimeout ? left : options.TokenTimeout);
        return
            !lease.PresentsAgain
            && row.State.Doubt is { } doubt
            && runner.PolicyFor(row).Refresh is { Rotation: Rotation.Grace } policy
            && doubt.FirstSentAt + policy.Grace < deadline
            ? doubt.FirstSentAt + policy.Grace
            : deadline;
    }

    private TimeSpan Left(RefreshLease lease) => options.Lease - options.ClockSkew - time.GetElapsedTime(lease.TakenAt);

    private Task<Result<AccountStep>> ReturnAsync(RefreshLease lease, string failure) =>
        outcomes.ReportNotSentAsync(lease.Key, lease.AttemptId, failure);

    private async Task<AccountSnapshot?> ReadAgainAsync(RefreshLease lease)
    {
        try
        {
            return await store.FindAsync(lease.Key, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            outcomes.KeepNotSent(lease.Key, lease.AttemptId);
            throw;
        }
    }
}
