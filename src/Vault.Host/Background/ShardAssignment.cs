using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Refresh;

namespace Vault.Host.Background;

/// <summary>
/// The shards of the due index that this host sweeps, and how often. Shards come and go. Two hosts may own the same
/// shard for a moment; that is safe, because the intent in an account's row admits one refresh.
/// </summary>
public sealed class ShardAssignment(int shards, TimeSpan interval, TimeProvider time)
{
    private readonly ConcurrentDictionary<int, OwnShard> _owned = new();
    private long _unswept = DateTimeOffset.MaxValue.UtcTicks;

    public int Shards { get; } = shards;

    public TimeSpan Interval { get; } = interval;

    /// <summary>
    /// When this host started. A shard without an owner and without a history has been unswept at least since then.
    /// </summary>
    public DateTimeOffset Start { get; } = time.GetUtcNow();

    /// <summary>How often a shard's grain persists the shard's history.</summary>
    public TimeSpan KeepEvery { get; init; } = TimeSpan.FromMinutes(1);

    public IReadOnlyCollection<int> Owned => [.. _owned.Keys];

    /// <summary>
    /// The last complete sweep of the owned shard that was swept least recently; null without a shard.
    /// </summary>
    public DateTimeOffset? OldestSweep => _owned.Values.Min(s => (DateTimeOffset?)s.SweptAt);

    /// <summary>How many refreshes were begun in the owned shards, by this host and by earlier owners.</summary>
    public long Begun => _owned.Values.Sum(s => s.Begun);

    /// <summary>
    /// The time since the oldest last sweep: of the owned shards and of those without an owner (<see cref="Unswept"/>).
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

    /// <summary>
    /// Compares the instance, so an activation that ends late does not release the shard of its successor.
    /// </summary>
    public void Release(int shard, OwnShard taken) => _owned.TryRemove(new KeyValuePair<int, OwnShard>(shard, taken));

    public void ReleaseAll() => _owned.Clear();

    /// <param name="swept">The swept shards.</param>
    /// <param name="at">When the sweep began.</param>
    /// <param name="round">Its result.</param>
    public void Swept(IReadOnlyCollection<int> swept, DateTimeOffset at, SweepRound round)
    {
        ArgumentNullException.ThrowIfNull(swept);
        ArgumentNullException.ThrowIfNull(round);
        var begun = round.Begun.CountBy(a => AccountShard.HashOf(a) % Shards).ToDictionary();
        foreach (var shard in swept)
            if (_owned.TryGetValue(shard, out var own))
                own.Add(round.More ? null : at, begun.GetValueOrDefault(shard));
    }

    /// <summary>Sets the last sweep of shards that no host sweeps; null when there are none.</summary>
    public void Unswept(DateTimeOffset? since) =>
        Volatile.Write(ref _unswept, (since ?? DateTimeOffset.MaxValue).UtcTicks);
}
