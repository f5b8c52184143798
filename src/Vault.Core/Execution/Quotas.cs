using System.Collections.Concurrent;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// Executions per minute, per user and per connection, counted on this host in token buckets that hold the quota of one
/// minute. Each host counts its own share: a quota bounds load and is no basis for billing.
/// </summary>
public sealed class Quotas(TimeProvider time)
{
    private const int MaxBuckets = 100_000;

    /// <summary>The longest time a bucket is blocked; a provider that asks for more asks again.</summary>
    private static readonly TimeSpan MaxHold = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<(OrganizationId Organization, string Kind, string Name), Bucket> _buckets =
        new();

    /// <summary>
    /// Null when one execution may proceed; otherwise the time to wait. <paramref name="perMinute"/> 0 or less means no
    /// limit.
    /// </summary>
    public TimeSpan? TryTake(OrganizationId organization, string kind, string name, int perMinute)
    {
        if (perMinute <= 0)
            return null;
        if (_buckets.Count > MaxBuckets)
            Sweep();
        var bucket = _buckets.GetOrAdd(
            (organization, kind, name),
            static (_, now) => new Bucket(now),
            time.GetTimestamp()
        );
        lock (bucket)
        {
            var now = time.GetTimestamp();
            var gained = time.GetElapsedTime(bucket.At, now).TotalMinutes * perMinute;
            bucket.Used = Math.Max(0, bucket.Used - gained);
            bucket.At = now;
            if (bucket.HeldUntil is { } until && now < until)
                return time.GetElapsedTime(now, until);
            if (bucket.Used + 1 > perMinute)
                return TimeSpan.FromMinutes((bucket.Used + 1 - perMinute) / perMinute);
            bucket.Used++;
            return null;
        }
    }

    /// <summary>Blocks the bucket for a time; a shorter wait does not shorten a longer one.</summary>
    public void Hold(OrganizationId organization, string kind, string name, TimeSpan wait)
    {
        if (wait > MaxHold)
            wait = MaxHold;
        if (_buckets.Count > MaxBuckets)
            Sweep();
        var bucket = _buckets.GetOrAdd(
            (organization, kind, name),
            static (_, now) => new Bucket(now),
            time.GetTimestamp()
        );
        lock (bucket)
        {
            var until = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
            if (!(bucket.HeldUntil > until))
                bucket.HeldUntil = until;
        }
    }

    // A bucket that was not used for a minute is full again, whatever its quota, so removing it changes nothing.
    private void Sweep()
    {
        foreach (var (key, bucket) in _buckets)
            if (time.GetElapsedTime(bucket.At) > TimeSpan.FromMinutes(1) && !(bucket.HeldUntil > time.GetTimestamp()))
                _buckets.TryRemove(key, out _);
    }

    private sealed class Bucket(long at)
    {
        public double Used { get; set; }

        public long At { get; set; } = at;

        public long? HeldUntil { get; set; }
    }
}
