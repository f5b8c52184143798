using System.Buffers.Binary;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.TestKit.Provider;

namespace Vault.TestKit.Explorer;

/// <summary>
/// One process of the search: the real runner, refresher and revoker on ports that wait for the scheduler. It runs one
/// operation at a time. A crash replaces everything except the spool, which represents the disk.
/// </summary>
internal sealed class WorldHost : ICheckpoints
{
    private readonly World _world;
    private readonly int _index;
    private int _life;
    private int _putsBefore;
    private AccountRefresher _refresher = null!;
    private AccountRevoker _revoker = null!;
    private Task? _operation;

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

    /// <summary>The port call it waits for; null when it is idle.</summary>
    public Ticket? Ticket { get; set; }

    /// <summary>A refresh token that this process has received and not yet committed.</summary>
    public string? InHand
    {
        get;
        set
        {
            field = value;
            _putsBefore = Spool.Puts;
        }
    }

    /// <summary>A hash of all inputs of the process. The process is deterministic, so they determine its
    /// state.</summary>
    public UInt128 History { get; set; }

    /// <summary>Whether a store call failed: then its memory may carry state from one attempt to the next.</summary>
    public bool Scarred { get; set; }

    public string Name => $"h{_index}";

    public void BeginRefresh()
    {
        Attempts--;

        // Called as the sweep does. The attempt runs on this thread; the result, which is not used, may complete on
        // another thread.
        _ = _refresher.RefreshAsync(_world.Key, null, RefreshReason.PresentAgain, CancellationToken.None);
        _operation = _refresher.Underway.SingleOrDefault();
    }

    public void BeginDrain() => _operation = _refresher.DrainSpoolAsync(CancellationToken.None);

    public void BeginRevoke()
    {
        Attempts--;
        _operation = _revoker.WithdrawAsync(
            _world.Key,
            new AccountEvent.RevokeWanted(Clock.GetUtcNow(), StatusReason.RevokedByRequest),
            "key_1"
        );
    }

    public void BeginFinishing() => _operation = _revoker.FinishUpstreamAsync(_world.Key, CancellationToken.None);

    public void Crash()
    {
        // What is on the disk outlives the process.
        if (InHand is not null && Spool.Puts == _putsBefore)
            _world.Lose(this);
        InHand = null;
        Ticket = null;
        _operation = null;
        Scarred = false;
        History = 0;
        Start();
    }

    /// <summary>
    /// Called after each step. Clears the state of a finished operation, and returns an unexpected failure.
    /// </summary>
    public string? Rest()
    {
        if (Ticket is not null || _operation is not { IsCompleted: true } done)
            return null;
        _operation = null;
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
        _life++;
        Holder = $"h{_index}#{_life}/f{_index}.{_life}";
        var mine = $"h{_index}#";
        var holder = Holder;
        var store = new WorldStore(_world, this);
        var endpoint = new WorldEndpoint(_world, this);
        var scene = _world.Scene;
        var options = _world.Options.Lifecycle;
        if (_world.Options.Off == Off.Horizon)
            options = options with { Horizon = TimeSpan.Zero };
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
            scene.BinderOf(runner),
            endpoint,
            Spool,
            new SettledHolders(identity, _world.Notes, Clock),
            identity,
            ids,
            Clock,
            options,
            this,
            IAccountObserver.None
        );
        _revoker = new AccountRevoker(store, runner, scene.Sealing, scene.Clients, endpoint, Clock, options);
    }

    /// <summary>Unique ids that are the same in every search.</summary>
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

    /// <summary>Always the middle value for jitter.</summary>
    private sealed class Even : IEntropy
    {
        public void Fill(Span<byte> destination) => destination.Fill(0x7f);
    }
}
