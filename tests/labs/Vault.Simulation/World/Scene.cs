using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.TestKit;
using Vault.TestKit.Memory;
using Vault.TestKit.Provider;
using Vault.TestKit.Sealing;

namespace Vault.Simulation;

/// <summary>What no schedule changes: keys, connection, packs, and the rows that schedules begin with.</summary>
internal sealed class Scene : IDisposable
{
    public const int MaxAccounts = 5;
    private readonly Dictionary<(Rotation, TimeSpan), (AcmePacks, TokenClients)> _packs = [];
    private readonly LocalKeyWrapper _wrapper;

    public Scene()
    {
        var entropy = Entropy = new SeededEntropy(5);
        var still = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Origin);
        _wrapper = new LocalKeyWrapper([.. Enumerable.Repeat((byte)7, 32)], entropy);
        Keyring = new Keyring(Keys, _wrapper, entropy, still);
        Sealer = new Sealer(Keyring, entropy);
        Sealing = new GrantSealing(Sealer);
        var store = new MemoryStore(entropy);
        Organization = new OrganizationRow(
            new OrganizationId("org_01hzzzzzzzzzzzzzzzzzzzzzzz"),
            "Acme",
            null,
            1,
            OrganizationLifecycle.New(),
            Origin,
            Origin
        );
        Wait(store.Organizations.InsertAsync(Organization, [], default));
        var connection = new ConnectionRow(
            "conn_1",
            Organization.Id,
            new ConnectionName("acme"),
            AcmePacks.Id,
            1,
            new ConnectionSettings { ClientId = "client" },
            null,
            0,
            Origin,
            Origin
        );
        Wait(store.Connections.InsertAsync(connection, GateCheck.None, [], default));
        Connections = store.Connections;

        // The key is in hand from here on: nothing in a schedule waits for it.
        using var key = Wait(Keyring.HoldActiveAsync(Organization.Id, default).AsTask()).Value;
        var provider = new StrictProvider(Rotation.SingleUse, TimeSpan.Zero);
        Start = [.. Enumerable.Range(0, MaxAccounts).Select(i => NewRow(i, key, provider.Consent(), connection))];
    }

    public static DateTimeOffset Origin { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public SeededEntropy Entropy { get; }

    public InMemoryOrganizationKeyStore Keys { get; } = new();

    public IKeyWrapper Wrapper => _wrapper;

    public Keyring Keyring { get; }

    public Sealer Sealer { get; }

    public GrantSealing Sealing { get; }

    public MemoryConnectionStore Connections { get; }

    public OrganizationRow Organization { get; }

    /// <summary>Active accounts whose access token has run out.</summary>
    public IReadOnlyList<AccountRow> Start { get; }

    public (AcmePacks Packs, TokenClients Clients) PacksFor(Rotation rotation, TimeSpan grace)
    {
        if (_packs.TryGetValue((rotation, grace), out var known))
            return known;
        var packs = new AcmePacks(new RefreshPolicy { Rotation = rotation, Grace = grace });
        return _packs[(rotation, grace)] = (
            packs,
            new TokenClients(Connections, packs, Sealer, new PublicAddress(new Uri("https://vault.example.com")))
        );
    }

    /// <summary>The same for every rotation.</summary>
    public Destinations Origins { get; } = new AcmePacks(new RefreshPolicy { Rotation = Rotation.Never }).Origins;

    public GrantTokens? Open(AccountRow row) => Wait(Sealing.OpenGrantAsync(row, default).AsTask()).Value;

    private AccountRow NewRow(int index, SealingKey key, Issued issued, ConnectionRow connection)
    {
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(issued.AccessToken!),
            RefreshToken = Secret.From(issued.RefreshToken!),
        };
        var id = new AccountId($"ca_01hzzzzzzzzzzzzzzzzzzzzzz{index}");
        var state = new AccountState
        {
            Status = AccountStatus.Active,
            Generation = 1,
            Grant = new GrantFacts(Origin.AddHours(-1), Origin.AddMinutes(-1), true, null, Origin.AddHours(-1)),
            RequestedScopes = ["read", "write"],
            GrantedScopes = ["read", "write"],
        };
        return new AccountRow(
            id,
            new AccountKey(connection.Organization, new UserId("user-" + index), connection.Name),
            connection.Id,
            AcmePacks.Id,
            1,
            state,
            Sealing.SealGrant(key, id, 1, grant, Origins),
            null,
            0,
            Origin.AddMinutes(-2),
            Origin,
            Origin
        );
    }

    public void Dispose()
    {
        Keyring.Dispose();
        _wrapper.Dispose();
    }

    internal static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
