namespace Vault.Host.Background;

/// <summary>
/// The sweep history of one shard of the due index. The shard's grain persists it (<see cref="Grains.ShardHistory"/>).
/// </summary>
public sealed record ShardSweeps
{
    /// <summary>The last time when a refresh of every account due in the shard had begun; null when unknown.</summary>
    public DateTimeOffset? SweptAt { get; init; }

    /// <summary>The silo of that sweep.</summary>
    public string? Silo { get; init; }

    /// <summary>How many refreshes of due accounts were begun in the shard.</summary>
    public long Begun { get; init; }
}

/// <summary>A shard that this host owns: its sweeps here, added to its history. Thread-safe.</summary>
public sealed class OwnShard(DateTimeOffset taken)
{
    private readonly Lock _lock = new();
    private ShardSweeps _before = new();
    private DateTimeOffset? _sweptAt;
    private long _begun;

    /// <summary>
    /// When the shard was last swept completely. Without a history: when this host acquired it, because it has been
    /// unswept at least since then.
    /// </summary>
    public DateTimeOffset SweptAt
    {
        get
        {
            // Do not compare the two: a sweep of this owner is later than those of earlier owners, even if their clocks
            // were ahead.
            lock (_lock)
                return _sweptAt ?? _before.SweptAt ?? taken;
        }
    }

    /// <summary>How many refreshes were begun, by this host and by earlier owners.</summary>
    public long Begun
    {
        get
        {
            lock (_lock)
                return _before.Begun + _begun;
        }
    }

    /// <summary>Records the end of one sweep.</summary>
    /// <param name="sweptAt">When the sweep began; null when it did not reach the shard's end.</param>
    /// <param name="begun">How many refreshes it began in the shard.</param>
    public void Add(DateTimeOffset? sweptAt, int begun)
    {
        lock (_lock)
            (_sweptAt, _begun) = (sweptAt ?? _sweptAt, _begun + begun);
    }

    public void Recall(ShardSweeps before)
    {
        lock (_lock)
            _before = before;
    }

    /// <summary>The history including this host's sweeps; unchanged when there are none.</summary>
    public ShardSweeps Sum(string silo)
    {
        lock (_lock)
        {
            var sum = _before with { Begun = _before.Begun + _begun };
            return _sweptAt is null ? sum : sum with { SweptAt = _sweptAt, Silo = silo };
        }
    }

    /// <summary>Call after the sum was written, so that its sweeps are not counted twice.</summary>
    public void Kept(ShardSweeps sum)
    {
        lock (_lock)
            (_begun, _before) = (_begun - (sum.Begun - _before.Begun), sum);
    }
}
