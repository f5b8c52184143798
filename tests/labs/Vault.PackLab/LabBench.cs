using System.Collections.Immutable;
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
using Vault.Providers.Egress;
using Vault.Providers.OAuth;
using Vault.Providers.Upstream;
using Vault.TestKit;
using Vault.TestKit.Memory;
using Vault.TestKit.Provider;
using Vault.TestKit.Sealing;

namespace Vault.PackLab;

/// <summary>
/// The vault's own refresher, revoker, token endpoint and upstream client over the emulator of one pack, on a clock of
/// its own.
/// </summary>
internal sealed class LabBench : IDisposable
{
    private static readonly OrganizationId Organization = new("org_01hzzzzzzzzzzzzzzzzzzzzzzz");
    private readonly SeededEntropy _entropy = new(11);
    private readonly LocalKeyWrapper _wrapper;
    private readonly Keyring _keyring;
    private readonly GrantSealing _sealing;
    private readonly MemoryStore _store;
    private readonly GrantStore _grants;
    private readonly ConnectionName _connection;

    public LabBench(ProviderPack pack, ProviderHttp http, PackEmulator emulator, FakeTimeProvider time)
    {
        (Pack, Emulator, Time) = (pack, emulator, time);
        var packs = new OnePack(pack);
        var options = new LifecycleOptions();
        _connection = new ConnectionName(pack.Id);
        _store = new MemoryStore(_entropy);
        var ids = new IdFactory(time, _entropy);
        _wrapper = new LocalKeyWrapper([.. Enumerable.Repeat((byte)7, 32)], _entropy);
        _keyring = new Keyring(new InMemoryOrganizationKeyStore(), _wrapper, _entropy, time);
        var sealer = new Sealer(_keyring, _entropy);
        _sealing = new GrantSealing(sealer);
        Tokens = new TokenEndpoint(http, time, ids);
        Upstream = new UpstreamClient(http, time, new UpstreamOptions());
        Settings = new ConnectionSettings
        {
            ClientId = PackEmulator.ClientId,
            Parameters = Samples.Parameters(pack),
            RedirectUri = PackEmulator.RedirectUri,
        };
        Client = new TokenClient(
            Organization,
            pack,
            Settings,
            Secret.From(PackEmulator.ClientSecret),
            Settings.Parameters.SetItems(Captured(pack)),
            PackEmulator.RedirectUri
        );
        var secret = sealer
            .SealAsync(
                Client.ClientSecret!,
                SealContext
                    .ClientSecret(Organization, "conn_1", 1)
                    .BoundTo(PackOrigins.OfConnection(packs, pack, Settings.Parameters)),
                default
            )
            .AsTask()
            .GetAwaiter()
            .GetResult()
            .Value;
        Wait(
            _store.Organizations.InsertAsync(
                new OrganizationRow(Organization, "Lab", null, 1, OrganizationLifecycle.New(), Now, Now),
                [],
                default
            )
        );
        Wait(
            _store.Connections.InsertAsync(
                new ConnectionRow("conn_1", Organization, _connection, pack.Id, 1, Settings, secret, 1, Now, Now),
                GateCheck.None,
                [],
                default
            )
        );
        var cache = new CredentialCache(_store.Accounts, _sealing, time, options);
        var runner = new AccountRunner(_store.Accounts, cache, packs, ids, _entropy, time, options);
        var clients = new TokenClients(
            _store.Connections,
            packs,
            sealer,
            new PublicAddress(new Uri("https://vault.example.com"))
        );
        var host = new NamedHost("lab");
        Refresher = new AccountRefresher(
            _store.Accounts,
            runner,
            _sealing,
            _keyring,
            clients,
            new DestinationBinder(_store.Connections, packs, _keyring, _sealing, runner),
            Tokens,
            new MemorySpool(),
            new SettledHolders(host, _store.RefreshNotes, time),
            host,
            ids,
            time,
            options,
            ICheckpoints.None,
            IAccountObserver.None
        );
        _grants = new GrantStore(_store.Accounts, _store.Organizations, runner, ids);
    }

    public ProviderPack Pack { get; }

    public PackEmulator Emulator { get; }

    public FakeTimeProvider Time { get; }

    public TokenEndpoint Tokens { get; }

    public UpstreamClient Upstream { get; }

    public AccountRefresher Refresher { get; }

    public ConnectionSettings Settings { get; }

    /// <summary>With every captured parameter at its example, as after a first grant.</summary>
    public TokenClient Client { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    public DateTimeOffset Soon => Now.AddSeconds(20);

    /// <summary>
    /// An account with a grant that the emulator gave; <paramref name="lives"/> is what is left of its access token.
    /// </summary>
    public async Task<AccountKey> ConnectAsync(string user, TimeSpan lives)
    {
        var key = new AccountKey(Organization, new UserId(user), _connection, "");
        var row = (await _grants.PrepareAsync(key, "conn_1", Pack.Id, [], new Gate(true, 1), "key_1", default)).Value;
        var issued = Emulator.Consent();
        using var sealingKey = (await _keyring.HoldActiveAsync(Organization, default)).Value;
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(issued.Access),
            RefreshToken = Secret.From(issued.Refresh),
        };
        var generation = row.State.Generation + 1;
        var stored = await _grants.StoreGrantAsync(
            key,
            new NewGrant
            {
                Account = row.Id,
                ConnectionId = row.ConnectionId,
                Provider = row.Provider,
                Generation = generation,
                Grant = _sealing.SealGrant(
                    sealingKey,
                    row.Id,
                    generation,
                    grant,
                    PackOrigins.Of(new OnePack(Pack), Pack, Client.Parameters)
                ),
                Facts = new GrantFacts(Now.AddHours(-1), Now + lives, true, null, Now.AddHours(-1)),
                Parameters = Captured(Pack),
                InstalledBy = "key_1",
            },
            default
        );
        LabException.Require(stored.IsOk, "the grant could not be installed");
        return key;
    }

    public async Task<AccountState> StateAsync(AccountKey key) =>
        (await _store.Accounts.FindAsync(key, default))!.Row.State;

    public async Task<string> AccessAsync(AccountKey key)
    {
        using var grant = (
            await _sealing.OpenGrantAsync((await _store.Accounts.FindAsync(key, default))!.Row, default)
        ).Value;
        return grant!.AccessToken.RevealText();
    }

    public void Dispose()
    {
        _keyring.Dispose();
        _wrapper.Dispose();
    }

    private static ImmutableSortedDictionary<string, string> Captured(ProviderPack pack) =>
        pack
            .Details.Parameters.Where(p => p.Value.Source == ParameterSource.Captured)
            .ToImmutableSortedDictionary(p => p.Key, p => Samples.Captured(p.Value), StringComparer.Ordinal);

    private static void Wait(Task<WriteOutcome> write) =>
        LabException.Require(write.GetAwaiter().GetResult() == WriteOutcome.Written, "the store did not take a row");
}
