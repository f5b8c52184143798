using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Consent;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Offboarding;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.TestKit;
using Vault.TestKit.Provider;

namespace Vault.Simulation;

/// <summary>
/// A machine and the process on it: the product's own door, runner, refresher, revoker, cache and sweep, wired as a
/// host wires them, over ports that the scheduler moves. A crash replaces everything but disk and clock.
/// </summary>
internal sealed class SimHost : ICheckpoints
{
    private static readonly JsonElement NoInput = JsonSerializer.SerializeToElement(new { });
    private static readonly ExecutionOptions Execution = new();
    private readonly World _world;
    private readonly int _index;
    private IdFactory _ids = null!;
    private DueSweep _sweep = null!;
    private LocalAccounts _owner = null!;
    private ToolRunner _tools = null!;
    private OrganizationOwner _organizations = null!;
    private GrantWriter _grants = null!;

    public SimHost(World world, int index)
    {
        (_world, _index) = (world, index);
        Disk = new SimDisk(world, this);
        Start();
    }

    public string Name => "h" + _index;

    /// <summary>Counts the processes on this machine.</summary>
    public int Life { get; private set; }

    public string Holder { get; private set; } = "";

    public TimeSpan ClockError { get; set; }

    public DateTimeOffset FrozenUntil { get; set; }

    public SimDisk Disk { get; }

    public SimClock Clock { get; private set; } = null!;

    public AccountRefresher Refresher { get; private set; } = null!;

    /// <summary>What a ledger that only buffers would lose.</summary>
    public List<string> Unwritten { get; } = [];

    public bool IsFrozen => _world.Now < FrozenUntil;

    public IEnumerable<Task> Underway => Refresher.Underway.Concat(_sweep.Underway);

    public void Start()
    {
        Life++;
        Holder = $"h{_index}#{Life}/f{_index}.{Life}";
        Unwritten.Clear();
        FrozenUntil = default;
        var world = _world;
        var scene = world.Scene;
        var options = world.Lifecycle;
        var time = Clock = new SimClock(world, this, Life);
        var entropy = new DiceEntropy(world.Seed ^ ((ulong)((_index * 1_000) + Life) << 32), world.Bug == Bug.NoJitter);
        var store = new SimStore(world, this);
        var endpoint = new SimEndpoint(world, this);
        var (packs, clients) = (world.Packs, world.Clients);
        var ids = _ids = new IdFactory(time, entropy);
        var keyring = world.Plan.KeysLeave ? SimKeyService.NewKeyring(world, this, Life) : scene.Keyring;
        var sealing = world.Plan.KeysLeave ? new GrantSealing(new Sealer(keyring, scene.Entropy)) : scene.Sealing;
        var cache = new CredentialCache(store.ForCache(), sealing, time, options);
        var runner = new AccountRunner(store, cache, packs, ids, entropy, time, options);
        var (holder, machine) = (Holder, $"h{_index}#");
        var identity = new NamedHost(holder, h =>
            world.Plan.KnowsItsDead && h != holder && h.StartsWith(machine, StringComparison.Ordinal)
        );
        var binder = new DestinationBinder(scene.Connections, packs, keyring, sealing, runner);
        var notes = new SimNotes(world, this);
        var settled = new SettledHolders(identity, notes, time);
        Refresher = new AccountRefresher(
            store,
            runner,
            sealing,
            keyring,
            clients,
            binder,
            endpoint,
            Disk,
            settled,
            identity,
            ids,
            time,
            options,
            this,
            IAccountObserver.None
        );
        var revoker = new AccountRevoker(store, runner, sealing, clients, endpoint, time, options);
        var gate = new PresentAgainGate(store, runner, settled, notes, identity, options, IAccountObserver.None);
        _sweep = new DueSweep(store, runner, Refresher, revoker, gate, packs, time, IAccountObserver.None);
        var memory = world.Store;
        var guard = new ExecutionGuard(
            memory.Organizations,
            memory.Approvals,
            new Quotas(time),
            scene.Sealer,
            ids,
            time,
            options,
            Execution
        );
        _tools = new ToolRunner(
            cache,
            runner,
            Refresher,
            binder,
            packs,
            scene.Connections,
            new SimUpstream(world, this),
            new NoRawCalls(),
            new SimLedger(world, this),
            guard,
            new OutputKeeper(memory.Outputs, keyring, scene.Sealer, time, Execution),
            scene.Sealer,
            new UseLog(),
            new Vault.Core.Scopes.ScopeUseLog(),
            ids,
            time,
            options,
            IAccountObserver.None
        );
        var organizations = new SimOrganizations(world, this);
        _owner = new LocalAccounts(Refresher, revoker, new GrantStore(store, organizations, runner, ids));
        _grants = new GrantWriter(store, scene.Connections, _owner, clients, keyring, sealing);

        // Suspending and resuming walk over no accounts and rotate no keys, so nothing here needs what does.
        _organizations = new OrganizationOwner(organizations, null!, null!, cache, ids, time, options);
    }

    public async Task SweepAsync()
    {
        await Refresher.DrainSpoolAsync(default);
        await _sweep.SweepAsync([0], 1, 10, default);
        await Task.WhenAll(_sweep.Underway);
    }

    public Task DrainAsync() => Refresher.DrainSpoolAsync(default);

    public async Task<ExecutionResult> ExecuteAsync(Subject subject, bool write)
    {
        var order = new ExecutionOrder
        {
            ExecutionId = _ids.NewExecution(),
            Account = subject.Id,
            PackVersion = "3",
            Request = new ExecutionRequest
            {
                ToolName = write ? AcmePacks.Send : AcmePacks.List,
                Organization = subject.Key.Organization,
                Input = NoInput,
            },
            CallerKey = "key_1",
            Timeout = Execution.DefaultTimeout,
        };
        _world.Begins(this, order.ExecutionId, subject);
        return await _tools.ExecuteAsync(subject.Key, order, default);
    }

    public Task AskAsync(Subject subject) => _owner.RefreshAsync(subject.Key, null, RefreshReason.Manual, default);

    public Task RevokeAsync(Subject subject) =>
        _owner.RevokeAsync(subject.Key, "key_1", StatusReason.RevokedByRequest, default);

    public async Task<bool> SuspendAsync() =>
        (await _organizations.SuspendAsync(_world.Scene.Organization.Id, "key_1", default)).IsOk;

    public async Task<bool> ResumeAsync() =>
        (await _organizations.ResumeAsync(_world.Scene.Organization.Id, "key_1", default)).IsOk;

    /// <summary>A person consents again: a family of its own, installed as the callback does.</summary>
    public async Task ReconnectAsync(Subject subject)
    {
        var issued = _world.Consent(subject);
        _world.Tell(() => $"a person consents: {issued.RefreshToken}");
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(issued.AccessToken!),
            RefreshToken = Secret.From(issued.RefreshToken!),
        };
        var now = Clock.GetUtcNow();
        var facts = new GrantFacts(now, now + SimEndpoint.AccessLife, true, null, now);
        var connection = await _world.Scene.Connections.FindAsync(subject.Key.Organization, "conn_1", default);
        var client = await _world.Clients.ForAsync(
            connection!,
            ImmutableSortedDictionary<string, string>.Empty,
            default
        );
        await _grants.StoreGrantAsync(
            subject.Key,
            client.Value,
            grant,
            null,
            (_, i) => i with { Facts = facts, GrantedScopes = ["read", "write"] },
            default
        );
    }

    public ValueTask ReachAsync(string name, AccountKey key) =>
        _world.Dice.Chance(50)
            ? new(_world.CallAsync<object?>(this, Peer.Pause, name, _world.Of(key), () => null))
            : ValueTask.CompletedTask;
}
