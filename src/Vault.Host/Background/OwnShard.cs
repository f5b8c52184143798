namespace Vault.Host.Background;

/// <summary>
/// What is known of the sweeps of one shard of the due index. Its grain keeps it (<see cref="Grains.ShardHistory"/>).
/// </summary>
public sealed record ShardSweeps
{
    /// <summary>When everything that was due in it had been begun; null when that is not known.</summary>
    public DateTimeOffset? SweptAt { get; init; }

    /// <summary>The silo that swept it then.</summary>
    public string? Silo { get; init; }

    /// <summary>How many due accounts were begun in it.</summary>
    public long Begun { get; init; }
}

/// <summary>
/// A shard that this host sweeps: what the sweep has done here, on top of what is known from before. For any thread.
/// </summary>
public sealed class OwnShard(DateTimeOffset taken)
{
    private readonly Lock _lock = new();
    private ShardSweeps _before = new();
    private DateTimeOffset? _sweptAt;
    private long _begun;

    /// <summary>
    /// When it was last swept to its end. Of a shard without a history: when this host took it, because it has gone
    /// unswept at least since then.
    /// </summary>
    public DateTimeOffset SweptAt
    {
        get
        {
            // Not the later of the two: a sweep here comes after those before, whatever the other host's clock said.
            lock (_lock)
                return _sweptAt ?? _before.SweptAt ?? taken;
        }
    }

    /// <summary>How many accounts were begun in it, here and on the hosts before.</summary>
    public long Begun
    {
        get
        {
            lock (_lock)
                return _before.Begun + _begun;
        }
    }

    /// <summary>A look at the due index has ended.</summary>
    /// <param name="sweptAt">When the look began; null when it did not come to the shard's end.</param>
    /// <param name="begun">Accounts that it began in the shard.</param>
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

    /// <summary>With what this host has done; the same as before when that is nothing.</summary>
    public ShardSweeps Sum(string silo)
    {
        lock (_lock)
        {
            var sum = _before with { Begun = _before.Begun + _begun };
            return _sweptAt is null ? sum : sum with { SweptAt = _sweptAt, Silo = silo };
        }
    }

    /// <summary>The sum was kept: what it contains is not added a second time.</summary>
    public void Kept(ShardSweeps sum)
    {
        lock (_lock)
            (_begun, _before) = (_begun - (sum.Begun - _before.Begun), sum);
    }
}
