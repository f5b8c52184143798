using Orleans.Runtime;
using Vault.Host.Grains;
using Vault.Host.Options;

namespace Vault.Host.Cluster;

/// <summary>
/// Activates every refresh shard when a worker starts, so that a new cluster sweeps at once, and when a silo leaves or
/// dies, so that its shards move immediately instead of at the next reminder tick.
/// </summary>
internal sealed class ShardWatch(
    IGrainFactory grains,
    IClusterMembershipService cluster,
    SiloSettings options,
    TimeProvider time,
    ILogger<ShardWatch> log
) : BackgroundService
{
    // A shard that responds may still be about to stop: on the silo that is leaving, or because the leaving silo held
    // its directory entry. So each shard is called a second time.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await WakeAsync(stoppingToken);
        log.LogInformation("All {Shards} refresh shards are active", options.Shards);
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
#pragma warning disable CA1031 // The shard is always retried: without a sweep its grants would expire.
                    catch (Exception e)
                    {
                        log.LogWarning("Refresh shard {Shard} is not active yet: {Exception}", shard, e.GetType().Name);
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
