using System.Collections.Concurrent;

namespace Vault.Host.Background;

/// <summary>Which shards of the due index this host sweeps, and how often it looks. In a cluster they come and go; a shard that two hosts take for theirs for a moment does no harm, because the intent in a row lets one refresh.</summary>
public sealed class SweepDuty(int shards, TimeSpan interval)
{
    private readonly ConcurrentDictionary<int, bool> _mine = new();

    public int Shards { get; } = shards;

    public TimeSpan Interval { get; } = interval;

    public IReadOnlyCollection<int> Mine => [.. _mine.Keys];

    public void Take(int shard) => _mine[shard] = true;

    public void Leave(int shard) => _mine.TryRemove(shard, out _);
}
