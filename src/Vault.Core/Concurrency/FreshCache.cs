using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Concurrency;

/// <summary>
/// Values that may be used for at most the freshness lease after they were read (law 8). The age counts from before the
/// read began, on the monotonic clock, so that neither a slow read nor a clock that is set makes a value younger than
/// it is. Bounded: over the bound, entries past their lease go, and if that is not enough the cache starts anew.
/// </summary>
public sealed class FreshCache<TKey, TValue>(TimeProvider time, TimeSpan lease, int capacity)
    where TKey : notnull
    where TValue : class
{
    private readonly ConcurrentDictionary<TKey, (TValue Value, long ReadAt)> _entries = new();
    private readonly SingleFlight<TKey, TValue?> _flights = new();

    /// <summary>Take it before the read; hand it to <see cref="Put"/> after.</summary>
    public long Mark() => time.GetTimestamp();

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_entries.TryGetValue(key, out var entry) && time.GetElapsedTime(entry.ReadAt) < lease)
        {
            value = entry.Value;
            return true;
        }

        value = default;
        return false;
    }

    public void Put(TKey key, TValue value, long readAt)
    {
        if (_entries.Count >= capacity)
            Sweep();
        _entries[key] = (value, readAt);
    }

    /// <summary>
    /// The value as of at most a lease ago; callers that miss together share one read. Null is answered and not kept.
    /// </summary>
    public async ValueTask<TValue?> GetAsync(
        TKey key,
        Func<TKey, Task<TValue?>> read,
        CancellationToken cancellationToken
    )
    {
        if (TryGet(key, out var value))
            return value;
        return await _flights
            .JoinAsync(key, () => ReadAsync(key, read), out _)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task<TValue?> ReadAsync(TKey key, Func<TKey, Task<TValue?>> read)
    {
        var mark = Mark();
        var value = await read(key).ConfigureAwait(false);
        if (value is not null)
            Put(key, value, mark);
        return value;
    }

    public void Drop(TKey key) => _entries.TryRemove(key, out _);

    /// <summary>Removes what is past its lease; everything if that leaves it full.</summary>
    public void Sweep()
    {
        foreach (var (key, entry) in _entries)
            if (time.GetElapsedTime(entry.ReadAt) >= lease)
                _entries.TryRemove(new KeyValuePair<TKey, (TValue, long)>(key, entry));
        if (_entries.Count >= capacity)
            _entries.Clear();
    }
}
