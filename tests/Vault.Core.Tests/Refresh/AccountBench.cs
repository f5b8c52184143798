using Microsoft.Extensions.Time.Testing;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.TestKit;
using Vault.TestKit.Memory;
using Vault.TestKit.Provider;
using Vault.TestKit.Sealing;

namespace Vault.Core.Tests.Refresh;

/// <summary>
/// One store, one strict provider, one organization with one connection, and as many hosts as a test wants.
/// </summary>
public sealed class AccountBench : IDisposable
{
    public static readonly OrganizationId Acme = new("org_01hzzzzzzzzzzzzzzzzzzzzzzz");
    public static readonly UserId Ada = new("ada");
    public static readonly ConnectionName Connection = new("acme");
    private readonly LocalKeyWrapper _wrapper;
    private int _hosts;

    public AccountBench(
        Rotation rotation = Rotation.SingleUse,
        LifecycleOptions? options = null,
        ReuseKills kills = ReuseKills.Unknown
    )
    {
        Options = options ?? new LifecycleOptions();
        Packs = new AcmePacks(
            new RefreshPolicy
            {
                Rotation = rotation,
                Grace = TimeSpan.FromMinutes(10),
                ReuseKills = kills,
            }
        );
        Provider = new StrictProvider(rotation, TimeSpan.FromMinutes(10));
        Endpoint = new StrictTokenEndpoint(Provider, Time);
        Store = new MemoryStore(Entropy);
        Ids = new IdFactory(Time, Entropy);
        _wrapper = new LocalKeyWrapper([.. Enumerable.Repeat((byte)7, 32)], Entropy);
        Keyring = new Keyring(Keys, _wrapper, Entropy, Time);
        Sealer = new Sealer(Keyring, Entropy);
        Sealing = new GrantSealing(Sealer);
        Done(
            Store.Organizations.InsertAsync(
                new OrganizationRow(Acme, "Acme", null, 1, OrganizationLifecycle.New(), Now, Now),
                [],
                default
            )
        );
        Done(
            Store.Connections.InsertAsync(
                new ConnectionRow(
                    "conn_1",
                    Acme,
                    Connection,
                    AcmePacks.Id,
                    1,
                    new ConnectionSettings { ClientId = "client" },
                    null,
                    0,
                    Now,
                    Now
                ),
                GateCheck.None,
                [],
                default
            )
        );
        Host = NewHost();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public SeededEntropy Entropy { get; } = new(11);

    public InMemoryOrganizationKeyStore Keys { get; } = new();

    public LifecycleOptions Options { get; }

    public AcmePacks Packs { get; }

    public StrictProvider Provider { get; }

    public StrictTokenEndpoint Endpoint { get; }

    public MemoryStore Store { get; }

    public IdFactory Ids { get; }

    public Keyring Keyring { get; }

    public Sealer Sealer { get; }

    public GrantSealing Sealing { get; }

    public TestHost Host { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    public TestHost NewHost(
        ICheckpoints? checkpoints = null,
        Func<string, bool>? isDead = null,
        MemorySpool? spool = null,
        string folder = ""
    ) =>
        new(
            this,
            "host-" + Interlocked.Increment(ref _hosts) + folder,
            checkpoints ?? ICheckpoints.None,
            isDead,
            spool ?? new MemorySpool()
        );

    /// <summary>
    /// An account with a grant of the provider; <paramref name="lives"/> is the remaining lifetime of its access token.
    /// </summary>
    public async Task<AccountKey> ConnectAsync(
        TimeSpan? lives = null,
        string user = "ada",
        string label = "",
        bool refreshable = true
    )
    {
        var key = new AccountKey(Acme, new UserId(user), Connection, label);
        var row = (
            await Host.GrantStore.PrepareAsync(
                key,
                "conn_1",
                AcmePacks.Id,
                ["read", "write"],
                new Gate(true, 1),
                "key_1",
                default
            )
        ).Value;
        await StoreGrantAsync(row, lives ?? TimeSpan.FromMinutes(-1), refreshable);
        return key;
    }

    public async Task<AccountRow> StoreGrantAsync(AccountRow row, TimeSpan lives, bool refreshable = true)
    {
        var issued = Provider.Consent();
        using var key = (await Keyring.HoldActiveAsync(Acme, default)).Value;
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(issued.AccessToken!),
            RefreshToken = refreshable ? Secret.From(issued.RefreshToken!) : null,
        };
        var generation = row.State.Generation + 1;
        var installed = await Host.GrantStore.StoreGrantAsync(
            row.Key,
            new NewGrant
            {
                Account = row.Id,
                ConnectionId = row.ConnectionId,
                Provider = row.Provider,
                Generation = generation,
                Grant = Sealing.SealGrant(key, row.Id, generation, grant, Packs.Origins),
                Facts = new GrantFacts(Now.AddHours(-1), Now + lives, refreshable, null, Now.AddHours(-1)),
                RequestedScopes = ["read", "write"],
                GrantedScopes = ["read", "write"],
                InstalledBy = "key_1",
            },
            default
        );
        return installed.Value;
    }

    public async Task<AccountRow> RowAsync(AccountKey key) => (await Store.Accounts.FindAsync(key, default))!.Row;

    /// <summary>The refresh token the row holds; null when it holds none.</summary>
    public async Task<string?> TokenAsync(AccountKey key)
    {
        using var grant = (await Sealing.OpenGrantAsync(await RowAsync(key), default)).Value;
        return grant?.RefreshToken?.RevealText();
    }

    public Task ShutGateAsync() => MoveGateAsync(new OrganizationEvent.SuspendWanted(Now));

    public async Task MoveGateAsync(OrganizationEvent what)
    {
        var row = (await Store.Organizations.FindAsync(Acme, default))!;
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Organizations.UpdateAsync(
                row with
                {
                    State = OrganizationLifecycle.Decide(row.State, what).Next,
                },
                row.Version,
                [],
                default
            )
        );
    }

    /// <summary>
    /// Advances simulated time in small steps until the task ends; for tasks that poll or wait for a lease.
    /// </summary>
    public async Task<T> RunAsync<T>(Task<T> task)
    {
        for (var step = 0; step < 1_000_000 && !task.IsCompleted; step++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        return await task;
    }

    public void Dispose()
    {
        Keyring.Dispose();
        _wrapper.Dispose();
    }

    private static void Done(Task<WriteOutcome> write) =>
        Assert.Equal(WriteOutcome.Written, write.GetAwaiter().GetResult());

    /// <summary>One host: its own memory, spool and name.</summary>
    public sealed class TestHost
    {
        internal TestHost(
            AccountBench bench,
            string holder,
            ICheckpoints checkpoints,
            Func<string, bool>? isDead,
            MemorySpool spool
        )
        {
            Spool = spool;
            Cache = new CredentialCache(bench.Store.Accounts, bench.Sealing, bench.Time, bench.Options);
            Runner = new AccountRunner(
                bench.Store.Accounts,
                Cache,
                bench.Packs,
                bench.Ids,
                bench.Entropy,
                bench.Time,
                bench.Options
            );
            Clients = new TokenClients(
                bench.Store.Connections,
                bench.Packs,
                bench.Sealer,
                new PublicAddress(new Uri("https://vault.example.com"))
            );
            Binder = new DestinationBinder(bench.Store.Connections, bench.Packs, bench.Keyring, bench.Sealing, Runner);
            var host = new NamedHost(holder, isDead);
            var settled = new SettledHolders(host, bench.Store.RefreshNotes, bench.Time);
            Refresher = new AccountRefresher(
                bench.Store.Accounts,
                Runner,
                bench.Sealing,
                bench.Keyring,
                Clients,
                Binder,
                bench.Endpoint,
                Spool,
                settled,
                host,
                bench.Ids,
                bench.Time,
                bench.Options,
                checkpoints,
                Observer
            );
            Revoker = new AccountRevoker(
                bench.Store.Accounts,
                Runner,
                bench.Sealing,
                Clients,
                bench.Endpoint,
                bench.Time,
                bench.Options
            );
            GrantStore = new GrantStore(bench.Store.Accounts, bench.Store.Organizations, Runner, bench.Ids);
            Resolver = new AccountResolver(bench.Store.Accounts, bench.Time, bench.Options, Cache);
            Gate = new PresentAgainGate(
                bench.Store.Accounts,
                Runner,
                settled,
                bench.Store.RefreshNotes,
                host,
                bench.Options,
                Observer
            );
            Sweep = new DueSweep(
                bench.Store.Accounts,
                Runner,
                Refresher,
                Revoker,
                Gate,
                bench.Packs,
                bench.Time,
                IAccountObserver.None
            );
        }

        public MemorySpool Spool { get; }

        public AccountRunner Runner { get; }

        public TokenClients Clients { get; }

        public CredentialCache Cache { get; }

        public DestinationBinder Binder { get; }

        public AccountRefresher Refresher { get; }

        public AccountRevoker Revoker { get; }

        public GrantStore GrantStore { get; }

        public AccountResolver Resolver { get; }

        public DueSweep Sweep { get; }

        public PresentAgainGate Gate { get; }

        public PresentedObserver Observer { get; } = new();

        public Task<Vault.Core.Errors.Result<RefreshResult>> RefreshAsync(
            AccountKey key,
            long? seen = null,
            RefreshReason why = RefreshReason.OnDemand,
            CancellationToken cancellationToken = default
        ) => Refresher.RefreshAsync(key, seen, why, cancellationToken);
    }
}
