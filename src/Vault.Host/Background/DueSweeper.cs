using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Refresh;
using Vault.Host.Observability;
using Vault.Host.Options;

namespace Vault.Host.Background;

/// <summary>
/// Looks for due accounts from time to time; at once again while there are more. Stopping waits for what is under way,
/// so that no reply is dropped.
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
                // With more due and nothing begun, a provider's parallelism is the limit: a look before one of its
                // refreshes is done would only find the same.
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
                log.LogWarning("The sweep waits for the store: {Reason}", e.Message);
                wait = TimeSpan.FromSeconds(1);
            }
#pragma warning disable CA1031 // The sweep is what keeps grants alive: nothing may end it but the host.
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
    /// For the metric alone. Counting walks the whole backlog: beside the sweep, which must not wait for it, and for a
    /// tenth of the time at most.
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
#pragma warning disable CA1031 // A count that failed is made again; the sweep says what is wrong with the store.
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
#pragma warning disable CA1031 // Their failures were answered to those who asked; here only their end counts.
        catch (Exception)
        {
            log.LogWarning("The host stops with refreshes under way; their leases lapse and another host takes over");
        }
#pragma warning restore CA1031
    }
}
