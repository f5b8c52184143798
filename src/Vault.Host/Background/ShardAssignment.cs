using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Refresh;

namespace Vault.Host.Background;

/// <summary>
/// Which shards of the due index this host sweeps, and how often it looks. They come and go; a shard that two hosts
/// take for theirs for a moment does no harm, because the intent in a row lets one refresh.
/// </summary>
public sealed class ShardAssignment(int shards, TimeSpan interval, TimeProvider time)
{
    private readonly ConcurrentDictionary<int, OwnShard> _owned = new();
    private long _unswept = DateTimeOffset.MaxValue.UtcTicks;

    public int Shards { get; } = shards;

    public TimeSpan Interval { get; } = interval;

    /// <summary>
    /// When this host started. A shard that no host sweeps, and of which nothing is known, has gone unswept at least
    /// since then.
    /// </summary>
    public DateTimeOffset Start { get; } = time.GetUtcNow();

    /// <summary>How often a shard's grain keeps what is known of its sweeps.</summary>
    public TimeSpan KeepEvery { get; init; } = TimeSpan.FromMinutes(1);

    public IReadOnlyCollection<int> Owned => [.. _owned.Keys];

    /// <summary>When the own shard that has waited longest was swept to its end; null without a shard.</summary>
    public DateTimeOffset? OldestSweep => _owned.Values.Min(s => (DateTimeOffset?)s.SweptAt);

    /// <summary>How many due accounts were begun in the own shards, here and on the hosts before.</summary>
    public long Begun => _owned.Values.Sum(s => s.Begun);

    /// <summary>
    /// How long the longest has waited: of the own shards, and of those that no host sweeps (<see cref="Unswept"/>).
    /// </summary>
    public TimeSpan OldestAge
    {
        get
        {
            var oldest = new DateTimeOffset(Volatile.Read(ref _unswept), TimeSpan.Zero);
            if (OldestSweep is { } own && own < oldest)
                oldest = own;
            return time.GetUtcNow() is var now && oldest < now ? now - oldest : TimeSpan.Zero;
        }
    }

    public OwnShard Acquire(int shard) => _owned[shard] = new OwnShard(time.GetUtcNow());

    /// <summary>An activation that ends late leaves what it took, not the shard of the activation after it.</summary>
    public void Release(int shard, OwnShard taken) => _owned.TryRemove(new KeyValuePair<int, OwnShard>(shard, taken));

    public void ReleaseAll() => _owned.Clear();

    /// <param name="swept">The shards that were looked through.</param>
    /// <param name="at">When that began.</param>
    /// <param name="round">What came of it.</param>
    public void Swept(IReadOnlyCollection<int> swept, DateTimeOffset at, SweepRound round)
    {
        ArgumentNullException.ThrowIfNull(swept);
        ArgumentNullException.ThrowIfNull(round);
        var begun = round.Begun.CountBy(a => AccountShard.HashOf(a) % Shards).ToDictionary();
        foreach (var shard in swept)
            if (_owned.TryGetValue(shard, out var own))
                own.Add(round.More ? null : at, begun.GetValueOrDefault(shard));
    }

    /// <summary>Since when there are shards that no host sweeps; null: there are none.</summary>
    public void Unswept(DateTimeOffset? since) =>
        Volatile.Write(ref _unswept, (since ?? DateTimeOffset.MaxValue).UtcTicks);
}
