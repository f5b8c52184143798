using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.TestKit.Memory;
using Vault.TestKit.Provider;
using Vault.TestKit.Sealing;

namespace Vault.TestKit.Explorer;

/// <summary>
/// The immutable objects that all schedules of a search share: keys, pack, connection, and the initial account row.
/// </summary>
internal sealed class Scene : IDisposable
{
    public static readonly DateTimeOffset Origin = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly IConnectionStore _connections;
    private readonly LocalKeyWrapper _wrapper;

    public Scene(ExplorerOptions options)
    {
        var entropy = new SeededEntropy(5);
        var still = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Origin);
        Packs = new AcmePacks(
            new RefreshPolicy
            {
                Rotation = options.Rotation,
                Grace = options.Grace,
                ReuseKills = options.Off == Off.PresentAgain ? ReuseKills.Client : ReuseKills.Unknown,
            }
        );
        _wrapper = new LocalKeyWrapper([.. Enumerable.Repeat((byte)7, 32)], entropy);
        Keyring = new Keyring(new InMemoryOrganizationKeyStore(), _wrapper, entropy, still);
        var sealer = new Sealer(Keyring, entropy);
        Sealing = new GrantSealing(sealer);
        var store = new MemoryStore(entropy);
        var organization = new OrganizationId("org_01hzzzzzzzzzzzzzzzzzzzzzzz");
        var key = new AccountKey(organization, new UserId("ada"), new ConnectionName("acme"));
        Wait(
            store.Organizations.InsertAsync(
                new OrganizationRow(organization, "Acme", null, 1, OrganizationLifecycle.New(), Origin, Origin),
                [],
                default
            )
        );
        Wait(
            store.Connections.InsertAsync(
                new ConnectionRow(
                    "conn_1",
                    organization,
                    key.Connection,
                    AcmePacks.Id,
                    1,
                    new ConnectionSettings { ClientId = "client" },
                    null,
                    0,
                    Origin,
                    Origin
                ),
                GateCheck.None,
                [],
                default
            )
        );
        _connections = store.Connections;
        Clients = new TokenClients(
            store.Connections,
            Packs,
            sealer,
            new PublicAddress(new Uri("https://vault.example.com"))
        );

        // Loads the key into the cache, so that no call in a search waits for it.
        using var sealing = Wait(Keyring.HoldActiveAsync(organization, default).AsTask()).Value;
        var first = new StrictProvider(options.Rotation, options.Grace).Consent();
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(first.AccessToken!),
            RefreshToken = Secret.From(first.RefreshToken!),
        };
        var id = new AccountId("ca_01hzzzzzzzzzzzzzzzzzzzzzzz");
        Start = new AccountRow(
            id,
            key,
            "conn_1",
            AcmePacks.Id,
            1,
            new AccountState
            {
                Status = AccountStatus.Active,
                Generation = 1,
                Grant = new GrantFacts(Origin.AddHours(-1), Origin.AddMinutes(-1), true, null, Origin.AddHours(-1)),
            },
            Sealing.SealGrant(sealing, id, 1, grant, Packs.Origins),
            null,
            0,
            Origin,
            Origin,
            Origin
        );
    }

    public AcmePacks Packs { get; }

    public Keyring Keyring { get; }

    public GrantSealing Sealing { get; }

    public TokenClients Clients { get; }

    public DestinationBinder BinderOf(AccountRunner runner) => new(_connections, Packs, Keyring, Sealing, runner);

    /// <summary>An active account with an expired access token.</summary>
    public AccountRow Start { get; }

    public void Dispose()
    {
        Keyring.Dispose();
        _wrapper.Dispose();
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
