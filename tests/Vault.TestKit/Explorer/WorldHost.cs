using System.Buffers.Binary;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.TestKit.Provider;

namespace Vault.TestKit.Explorer;

/// <summary>
/// One process of the search: the real runner, refresher and revoker over ports that wait for the scheduler. It does
/// one thing at a time. A crash replaces everything but the spool, which is its disk.
/// </summary>
internal sealed class WorldHost : ICheckpoints
{
    private readonly World _world;
    private readonly int _index;
    private int _life;
    private AccountRefresher _refresher = null!;
    private AccountRevoker _revoker = null!;
    private Task? _doing;

    public WorldHost(World world, int index, int attempts)
    {
        (_world, _index, Attempts) = (world, index, attempts);
        Clock = new WorldClock(world, () => ClockError, world.Options.Off == Off.Recheck);
        Start();
    }

    public WorldClock Clock { get; }

    public TimeSpan ClockError { get; set; }

    public string Holder { get; private set; } = "";

    public int Attempts { get; set; }

    public MemorySpool Spool { get; } = new();

    /// <summary>What it waits for; null when it is idle.</summary>
    public Ticket? Ticket { get; set; }

    /// <summary>A refresh token that the provider has issued to it and that is not committed yet.</summary>
    public string? InHand { get; set; }

    /// <summary>Everything its process has seen: being deterministic, it is a function of that.</summary>
    public UInt128 History { get; set; }

    /// <summary>The store failed under it; so its memory may hold something from one attempt to the next.</summary>
    public bool Scarred { get; set; }

    public string Name => $"h{_index}";

    public void BeginRefresh()
    {
        Attempts--;

        // As the sweep asks: the attempt runs in this thread, and a caller who waits for nothing takes its answer in
        // another, where it touches nothing.
        _ = _refresher.RefreshAsync(_world.Key, null, RefreshReason.Scheduled, CancellationToken.None);
        _doing = _refresher.Underway.SingleOrDefault();
    }

    public void BeginDrain() => _doing = _refresher.DrainSpoolAsync(CancellationToken.None);

    public void BeginRevoke()
    {
        Attempts--;
        _doing = _revoker.WithdrawAsync(
            _world.Key,
            new AccountEvent.RevokeWanted(Clock.GetUtcNow(), StatusReason.RevokedByRequest),
            "key_1"
        );
    }

    public void BeginFinishing() => _doing = _revoker.FinishUpstreamAsync(_world.Key, CancellationToken.None);

    public void Crash()
    {
        if (InHand is not null)
            _world.Lose(this);
        Ticket = null;
        _doing = null;
        Scarred = false;
        History = 0;
        Start();
    }

    /// <summary>
    /// Called after each of its steps: forgets what it did when it is done. Answers what went wrong in a way that
    /// nobody expects.
    /// </summary>
    public string? Rest()
    {
        if (Ticket is not null || _doing is not { IsCompleted: true } done)
            return null;
        _doing = null;
        InHand = null;
        if (!Scarred)
            History = 0;
        return done.Exception is { InnerException: not StoreUnavailableException and { } e }
            ? $"{Name} failed with {e.GetType().Name}: {e.Message}"
            : null;
    }

    public ValueTask ReachAsync(string name, AccountKey key) =>
        name == "before_send" ? new ValueTask(PauseAsync()) : ValueTask.CompletedTask;

    private async Task PauseAsync()
    {
        await _world.TakeTurnAsync(this, Port.Pause, "pause before sending").ConfigureAwait(false);
        _world.Saw(this, "on");
    }

    private void Start()
    {
        Holder = $"h{_index}#{++_life}";
        var mine = $"h{_index}#";
        var holder = Holder;
        var store = new WorldStore(_world, this);
        var endpoint = new WorldEndpoint(_world, this);
        var scene = _world.Scene;
        var options = _world.Options.Lifecycle;
        var ids = new IdFactory(Clock, new Counting((_index * 1_000) + _life));
        var cache = new CredentialCache(store, scene.Sealing, Clock, options);
        var runner = new AccountRunner(store, cache, scene.Packs, ids, new Even(), Clock, options);
        var identity = new NamedHost(holder, h =>
            _world.Options.KnowsItsDead && h != holder && h.StartsWith(mine, StringComparison.Ordinal)
        );
        _refresher = new AccountRefresher(
            store,
            runner,
            scene.Sealing,
            scene.Keyring,
            scene.Clients,
            endpoint,
            Spool,
            identity,
            ids,
            Clock,
            options,
            this,
            IAccountObserver.None
        );
        _revoker = new AccountRevoker(store, runner, scene.Sealing, scene.Clients, endpoint, Clock, options);
    }

    /// <summary>Ids that differ and repeat from search to search.</summary>
    private sealed class Counting(int seed) : IEntropy
    {
        private int _count;

        public void Fill(Span<byte> destination)
        {
            destination.Clear();
            BinaryPrimitives.WriteInt32BigEndian(destination, seed);
            BinaryPrimitives.WriteInt32BigEndian(destination[4..], ++_count);
        }
    }

    /// <summary>Jitter is in the middle.</summary>
    private sealed class Even : IEntropy
    {
        public void Fill(Span<byte> destination) => destination.Fill(0x7f);
    }
}
