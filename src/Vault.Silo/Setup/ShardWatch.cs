using Vault.Silo.Grains;

namespace Vault.Silo.Setup;

/// <summary>Wakes every refresh shard when a worker starts: a new cluster begins to sweep at once, and later ones find every reminder standing.</summary>
internal sealed class ShardWatch(IGrainFactory grains, SiloSettings options, TimeProvider time, ILogger<ShardWatch> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var left = Enumerable.Range(0, options.Shards).ToList();
        while (left.Count > 0)
        {
            var failed = new System.Collections.Concurrent.ConcurrentBag<int>();
            await Parallel.ForEachAsync(left, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = stoppingToken }, async (shard, _) =>
            {
                try
                {
                    await grains.GetGrain<IRefreshShardGrain>(shard).WatchAsync();
                }
#pragma warning disable CA1031 // Whatever it was, the shard is tried again; a sweep that never began would let grants run out.
                catch (Exception e)
                {
                    log.LogWarning("Refresh shard {Shard} is not watched yet: {Exception}", shard, e.GetType().Name);
                    failed.Add(shard);
                }
#pragma warning restore CA1031
            });
            left = [.. failed];
            if (left.Count > 0) await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
        }

        log.LogInformation("All {Shards} refresh shards are watched", options.Shards);
    }
}
