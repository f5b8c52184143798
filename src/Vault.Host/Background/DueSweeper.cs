using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Refresh;
using Vault.Host.Observability;
using Vault.Host.Options;

namespace Vault.Host.Background;

/// <summary>
/// Periodically sweeps the due index, and at once again while more accounts are due. StopAsync waits for refreshes in
/// progress, so that no token response is lost.
/// </summary>
public sealed class DueSweeper(
    DueSweep sweep,
    ShardAssignment assignment,
    AccountRefresher refresher,
    IAccountStore store,
    VaultMetrics metrics,
    VaultOptions options,
    TimeProvider time,
    ILogger<DueSweeper> log
) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wait = assignment.Interval;
        var counting = CountAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(wait, time, stoppingToken);
                await refresher.DrainSpoolAsync(stoppingToken);
                var (room, mine, at) = (sweep.Room, assignment.Owned, time.GetUtcNow());
                var round = await sweep.SweepAsync(mine, assignment.Shards, options.SweepBatch, stoppingToken);
                assignment.Swept(mine, at, round);
                // More accounts are due but none was begun: a provider's parallelism limit is reached. A sweep before
                // one of its refreshes ends would find the same, so wait.
                if (round is { More: true, Begun.Count: 0 })
                    await Task.WhenAny(room, Task.Delay(assignment.Interval, time, stoppingToken));
                wait = round.More ? TimeSpan.FromMilliseconds(20) : assignment.Interval;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (StoreUnavailableException e)
            {
                log.LogWarning("The sweep cannot reach the store and will retry: {Reason}", e.Message);
                wait = TimeSpan.FromSeconds(1);
            }
#pragma warning disable CA1031 // The sweep keeps grants from expiring: only the host may stop it.
            catch (Exception e)
            {
                metrics.Failed("sweep", null, e);
                wait = TimeSpan.FromSeconds(1);
            }
#pragma warning restore CA1031
        }

        await counting;
    }

    /// <summary>
    /// Only for the metric. The count reads the whole backlog, so it runs concurrently with the sweep and takes at most
    /// a tenth of the time.
    /// </summary>
    private async Task CountAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var (at, rest) = (time.GetTimestamp(), assignment.Interval);
            try
            {
                metrics.DueBacklog(await store.CountDueAsync(time.GetUtcNow(), stoppingToken));
                if (time.GetElapsedTime(at) * 9 is var idle && idle > rest)
                    rest = idle;
            }
#pragma warning disable CA1031 // The count is retried; the sweep logs store failures.
            catch (Exception) { }
#pragma warning restore CA1031
            await Task.Delay(rest, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await Task.WhenAll([.. sweep.Underway, .. refresher.Underway]).WaitAsync(cancellationToken);
        }
#pragma warning disable CA1031 // The callers received the failures; here only completion counts.
        catch (Exception)
        {
            log.LogWarning("The host stops with refreshes under way; their leases lapse and another host takes over");
        }
#pragma warning restore CA1031
    }
}
