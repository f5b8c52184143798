using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Storage;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>A sandbox provider, a database, and silos that are processes.</summary>
internal sealed class ProcessWorld : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-silos-").FullName;
    private readonly List<SiloProcess> _silos = [];
    private readonly List<HttpClient> _clients = [];
    private readonly string[] _options;

    private ProcessWorld(SandboxServer sandbox, string database, VaultStore store, string[] options) =>
        (Sandbox, Database, Store, _options) = (sandbox, database, store, options);

    public SandboxServer Sandbox { get; }

    public string Database { get; }

    /// <summary>The silos' database, to look at rows.</summary>
    public VaultStore Store { get; }

    public IReadOnlyList<SiloProcess> Silos => _silos;

    public string Key { get; private set; } = "";

    public static async Task<ProcessWorld> StartAsync(int silos, params string[] options)
    {
        var database = await TestDatabase.CreateAsync();
        var store = await VaultStore.OpenPostgresAsync(
            database + ";Maximum Pool Size=5",
            null,
            new LedgerEntryWriter(new SeededEntropy(1)),
            CancellationToken.None
        );
        var world = new ProcessWorld(await SandboxServer.StartAsync(), database, store, options);
        var key = Path.Combine(world._folder, "master.key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        for (var i = 0; i < silos; i++)
            await world.AddAsync();
        return world;
    }

    public async Task<int> AddAsync(params string[] more)
    {
        var silo = await SiloProcess.StartAsync(
            Path.Combine(_folder, "silo" + _silos.Count),
            Database,
            Path.Combine(_folder, "master.key"),
            [.. _options, .. more]
        );
        if (silo.FirstKey is { } first)
            Key = first;
        _silos.Add(silo);
        _clients.Add(silo.Client(Key));
        return _silos.Count - 1;
    }

    /// <summary>A file of this world's own.</summary>
    public string FileOf(string name) => Path.Combine(_folder, name);

    public async Task<Reply> GetAsync(int silo, string path) =>
        await Reply.ReadAsync(await _clients[silo].GetAsync(new Uri(path, UriKind.Relative)));

    public async Task<Reply> PostAsync(int silo, string path, object body) =>
        await Reply.ReadAsync(await _clients[silo].PostAsJsonAsync(path, body));

    public async Task<string> OrganizationAsync(params string[] providers)
    {
        var organization = (await PostAsync(0, "/v1/organizations", new { display_name = "Acme" }))["id"];
        foreach (var provider in providers)
        {
            var made = await PostAsync(
                0,
                "/v1/connections",
                new
                {
                    organization_id = organization,
                    provider,
                    client_id = "demo-client",
                    client_secret = "demo-secret",
                    parameters = new { base_url = Sandbox.BaseUrl },
                }
            );
            Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        }

        return organization;
    }

    /// <summary>Connects an account to one of the sandbox's rotating providers.</summary>
    /// <param name="left">For how long the access token is good as the vault is told, in seconds; with 0 it has ended
    /// at the provider as well.</param>
    public async Task ConnectAsync(string organization, string user, string provider, int left = 3_600)
    {
        var rotation = provider switch
        {
            "sandbox_grace" => RotationBehaviour.Grace,
            "sandbox_family" => RotationBehaviour.Family,
            _ => RotationBehaviour.SingleUse,
        };
        var grant = Sandbox.Grants.Mint(
            new GrantSeed
            {
                Subject = user,
                Policy = new TokenPolicyPatch { Rotation = rotation },
                AccessExpiresInSeconds = left == 0 ? 0 : 3_600,
            }
        );
        var expires = DateTimeOffset.UtcNow.AddSeconds(left == 0 ? -60 : left);
        var made = await PostAsync(
            0,
            "/v1/connected_accounts",
            new
            {
                organization_id = organization,
                user_id = user,
                connection = provider,
                credential = new
                {
                    type = "oauth_tokens",
                    access_token = grant.AccessToken,
                    refresh_token = grant.RefreshToken,
                    expires_at = expires.ToString("O"),
                },
                scopes = grant.Scope.Split(' '),
            }
        );
        Assert.True(made.Status is HttpStatusCode.Created or HttpStatusCode.OK, made.ToString());
    }

    /// <summary>
    /// The next <paramref name="times"/> requests that the provider's API or token endpoint has carried out stay
    /// without an answer until the gate is opened.
    /// </summary>
    public SandboxGate Hold(FaultTarget target, int? times = 1) =>
        Sandbox
            .Faults.Add(
                new SandboxFault
                {
                    Kind = FaultKind.Hold,
                    Target = target,
                    Phase = FaultPhase.After,
                    Times = times,
                }
            )
            .Gate;

    public Task<Reply> WriteAsync(int silo, string organization, string user, string provider) =>
        PostAsync(
            silo,
            "/v1/execute_tool",
            new
            {
                organization_id = organization,
                user_id = user,
                tool_name = provider + "_create_item",
                tool_input = new { name = "once" },
            }
        );

    public Task<Reply> ExecuteAsync(int silo, string organization, string user, string provider) =>
        PostAsync(
            silo,
            "/v1/execute_tool",
            new
            {
                organization_id = organization,
                user_id = user,
                tool_name = provider + "_get_profile",
                tool_input = new { },
            }
        );

    public static AccountKey KeyOf(string organization, string user, string provider) =>
        new(new OrganizationId(organization), new UserId(user), new ConnectionName(provider));

    public async Task<AccountRow> RowAsync(AccountKey key) =>
        (await Store.Accounts.FindAsync(key, CancellationToken.None))!.Row;

    /// <summary>Which silo holds the refresh of the account now: the process named in the row's intent.</summary>
    public async Task<int> HolderAsync(AccountKey key)
    {
        var holder = (await RowAsync(key)).State.Intent?.Holder
            ?? throw new InvalidOperationException("Nobody is refreshing the account.");
        return _silos.FindIndex(s => holder.Contains($"/{s.Id}/", StringComparison.Ordinal));
    }

    /// <summary>Calls until it works; answers how long that took.</summary>
    public async Task<TimeSpan> RecoverAsync(int silo, string organization, string user, string provider)
    {
        var watch = Stopwatch.StartNew();
        await Eventually.UntilAsync(
            () => ExecuteAsync(silo, organization, user, provider),
            a => a.Status == HttpStatusCode.OK
        );
        return watch.Elapsed;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        foreach (var silo in _silos)
            silo.Dispose();
        await Store.DisposeAsync();
        await Sandbox.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
