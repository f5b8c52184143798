using Orleans.Runtime;
using Vault.Host.Grains;
using Vault.Host.Options;

namespace Vault.Host.Cluster;

/// <summary>
/// Wakes every refresh shard when a worker starts, so that a new cluster begins to sweep at once, and when a silo
/// leaves or dies: its shards live on elsewhere from then on, and not from the next tick of their reminders.
/// </summary>
internal sealed class ShardWatch(
    IGrainFactory grains,
    IClusterMembershipService cluster,
    SiloSettings options,
    TimeProvider time,
    ILogger<ShardWatch> log
) : BackgroundService
{
    // A shard that is found alive may be on its way out all the same: on the silo that leaves, or because its entry in
    // the directory was on that silo.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await WakeAsync(stoppingToken);
        log.LogInformation("All {Shards} refresh shards are watched", options.Shards);
        HashSet<(SiloAddress, SiloStatus)>? gone = null;
        await foreach (var now in cluster.MembershipUpdates.WithCancellation(stoppingToken))
        {
            var before = gone;
            gone = [.. now.Members.Values.Where(m => m.Status.IsTerminating()).Select(m => (m.SiloAddress, m.Status))];
            if (before is null || gone.IsSubsetOf(before))
                continue;
            await WakeAsync(stoppingToken);
            await Task.Delay(LookAgain, time, stoppingToken);
            await WakeAsync(stoppingToken);
        }
    }

    private async Task WakeAsync(CancellationToken stoppingToken)
    {
        var left = Enumerable.Range(0, options.Shards).ToList();
        while (left.Count > 0)
        {
            var failed = new System.Collections.Concurrent.ConcurrentBag<int>();
            await Parallel.ForEachAsync(
                left,
                new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = stoppingToken },
                async (shard, _) =>
                {
                    try
                    {
                        await grains.GetGrain<IRefreshShardGrain>(shard).WatchAsync();
                    }
#pragma warning disable CA1031 // Whatever it was, the shard is tried again; a sweep that never began would let grants run out.
                    catch (Exception e)
                    {
                        log.LogWarning(
                            "Refresh shard {Shard} is not watched yet: {Exception}",
                            shard,
                            e.GetType().Name
                        );
                        failed.Add(shard);
                    }
#pragma warning restore CA1031
                }
            );
            left = [.. failed];
            if (left.Count > 0)
                await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
        }
    }
}
