using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Host.Composition;
using Vault.Sandbox;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Storage;
using Vault.TestKit;

namespace Vault.Campaigns.Lab;

/// <summary>
/// The sandbox provider in this process, real hosts as processes, and the store to look into from outside.
/// </summary>
public sealed class LabWorld : IAsyncDisposable
{
    private readonly List<HostProcess> _hosts = [];
    private readonly List<LabAccount> _accounts = [];
    private VaultStore? _store;
    private string _key = "";

    private LabWorld(LabOptions options, string folder, SandboxServer sandbox) =>
        (Options, Folder, Sandbox) = (options, folder, sandbox);

    public LabOptions Options { get; }

    public string Folder { get; }

    public SandboxServer Sandbox { get; }

    public PostgresServer? Server { get; private set; }

    /// <summary>The connection string of the hosts; null on SQLite.</summary>
    public string? Database { get; private set; }

    public string MasterKey => Path.Combine(Folder, "master.key");

    public IReadOnlyList<HostProcess> Hosts => _hosts;

    public IReadOnlyList<LabAccount> Accounts => _accounts;

    public OrganizationId Organization { get; private set; }

    public string AdminKey => _key;

    /// <summary>What a fault itself found wrong; the campaign takes it over.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>Sees every answer of a host.</summary>
    public Action<HttpResponseMessage, string>? Tap { get; set; }

    /// <summary>The hosts' database, read beside them.</summary>
    public VaultStore Store => _store ?? throw new LabException("The store is closed.");

    public static async Task<LabWorld> StartAsync(LabOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var policy = new TokenPolicy
        {
            Rotation = options.Strict ? RotationBehaviour.Family : RotationBehaviour.Grace,
            GraceSeconds = 30,
            AccessTokenSeconds = options.AccessTokenSeconds,
        };
        var sandbox = await SandboxServer.StartAsync(new SandboxOptions { DemoPolicy = policy }, cancellationToken);
        var world = new LabWorld(options, Directory.CreateTempSubdirectory("vault-crash-").FullName, sandbox);
        try
        {
            await File.WriteAllTextAsync(
                world.MasterKey,
                Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
                cancellationToken
            );
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(world.MasterKey, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (options.Postgres)
            {
                world.Server = await PostgresServer.StartAsync(Path.Combine(world.Folder, "pg"), cancellationToken);
                world.Database = new NpgsqlConnectionStringBuilder(
                    await world.Server.CreateDatabaseAsync("vault", cancellationToken)
                )
                {
                    MaxPoolSize = 30,
                }.ToString();
            }

            for (var i = 0; i < options.Hosts; i++)
                await world.AddHostAsync(cancellationToken);
            await world.OpenStoreAsync(cancellationToken);
            await world.SeedAsync(cancellationToken);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public async Task OpenStoreAsync(CancellationToken cancellationToken)
    {
        var entryWriter = new LedgerEntryWriter(new SystemEntropy());
        _store = Database is { } database
            ? await VaultStore.OpenPostgresAsync(
                new NpgsqlConnectionStringBuilder(database) { MaxPoolSize = 5 }.ToString(),
                null,
                entryWriter,
                cancellationToken
            )
            : await VaultStore.OpenSqliteAsync(
                Path.Combine(_hosts[0].Data, "vault.db"),
                entryWriter,
                cancellationToken
            );
    }

    /// <summary>Lets go of the database, for example because its files are to be replaced.</summary>
    public async Task CloseStoreAsync()
    {
        if (_store is { } store)
            await store.DisposeAsync();
        _store = null;
    }

    public async Task<LabAnswer> SendAsync(
        int host,
        HttpMethod method,
        string path,
        object? body,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        try
        {
            using var answer = await _hosts[host].Client.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            Tap?.Invoke(answer, text);
            var isJson =
                text.Length > 0
                && answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
            return new LabAnswer((int)answer.StatusCode, isJson ? JsonDocument.Parse(text).RootElement : default, text);
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException
                || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            return LabAnswer.None;
        }
    }

    public Task<LabAnswer> PostAsync(int host, string path, object body, CancellationToken cancellationToken) =>
        SendAsync(host, HttpMethod.Post, path, body, cancellationToken);

    public Task<LabAnswer> ExecuteAsync(
        int host,
        LabAccount account,
        bool write,
        CancellationToken cancellationToken
    ) =>
        PostAsync(
            host,
            "/v1/execute_tool",
            new
            {
                organization_id = Organization.Value,
                user_id = account.User,
                tool_name = Options.Provider + (write ? "_create_item" : "_get_profile"),
                tool_input = write ? (object)new { name = "made under fire" } : new { },
            },
            cancellationToken
        );

    public Task<LabAnswer> RefreshAsync(int host, LabAccount account, CancellationToken cancellationToken) =>
        PostAsync(
            host,
            $"/v1/connected_accounts/{account.Id}:refresh",
            new { organization_id = Organization.Value },
            cancellationToken
        );

    public async Task<AccountRow> RowAsync(LabAccount account, CancellationToken cancellationToken) =>
        (await Store.Accounts.FindAsync(account.Key, cancellationToken))?.Row
        ?? throw new LabException($"The account of {account.User} is gone from the store.");

    /// <summary>Brings in a new grant, as a person who consents again does; tried until a host takes it.</summary>
    public async Task ConnectAsync(LabAccount account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        var (grant, attempt) = (default(MintedGrant)!, 0);
        var made = await Eventually.UntilAsync(
            () =>
            {
                grant = Sandbox.Grants.Mint(new GrantSeed { Subject = account.User });
                return PostAsync(
                    attempt++ % _hosts.Count,
                    "/v1/connected_accounts",
                    new
                    {
                        organization_id = Organization.Value,
                        user_id = account.User,
                        connection = Options.Provider,
                        credential = new
                        {
                            type = "oauth_tokens",
                            access_token = grant.AccessToken,
                            refresh_token = grant.RefreshToken,
                            expires_at = DateTimeOffset
                                .UtcNow.AddSeconds(grant.ExpiresIn)
                                .ToString("O", CultureInfo.InvariantCulture),
                        },
                        scopes = grant.Scope.Split(' '),
                    },
                    cancellationToken
                );
            },
            answer => answer.IsOk,
            cancellationToken: cancellationToken
        );
        account.Id = made["id"]!;
        account.Grant = grant.GrantId;

        // It may have been refreshed already; the provider's count says how often, where it did not move meanwhile.
        await Eventually.UntilAsync(
            async () =>
            {
                var before = Sandbox.Grants.Get(grant.GrantId).Refreshes;
                var state = (await RowAsync(account, cancellationToken)).State;
                account.FirstGeneration = state.Generation - before;
                return (state.Intent, Moved: Sandbox.Grants.Get(grant.GrantId).Refreshes - before);
            },
            look => look is { Intent: null, Moved: 0 },
            cancellationToken: cancellationToken
        );
    }

    /// <summary>Everything that gathered in the outbox stands in the chain; then the chain is verified.</summary>
    public async Task<LedgerReport> VerifyLedgerAsync(CancellationToken cancellationToken)
    {
        await DrainedAsync(cancellationToken);
        return await new LedgerVerifier(Store.Ledger).VerifyAsync(Organization, null, cancellationToken);
    }

    /// <summary>
    /// Until the outbox is empty, for so long as that may take; what it still holds then is missing in the chain.
    /// </summary>
    public Task DrainedAsync(CancellationToken cancellationToken) =>
        Eventually.TryUntilAsync(
            async () => await Store.Ledger.ReadOutboxAsync(1, cancellationToken),
            left => left.Count == 0,
            cancellationToken: cancellationToken
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            host.Dispose();
        if (Options.Logs is { } logs)
            KeepLogs(logs);
        await CloseStoreAsync();
        if (Server is not null)
            await Server.DisposeAsync();
        await Sandbox.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private void KeepLogs(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var log in _hosts.SelectMany(h => new[] { h.LogFile, h.ErrorFile }).Where(File.Exists))
            File.Copy(
                log,
                Path.Combine(folder, Path.GetFileName(Path.GetDirectoryName(log)) + "-" + Path.GetFileName(log)),
                overwrite: true
            );
    }

    /// <summary>A host with the world's options, not started and not one of <see cref="Hosts"/>.</summary>
    public HostProcess NewHost(string name, string? database, params string[] more)
    {
        string[] store = database is null ? [] : ["--store", "postgres", "--database", database];
        string[] own = [.. Options.HostOptions, "--master-key-file", MasterKey, .. store];
        var host = new HostProcess(
            Path.Combine(Folder, name),
            Options.Postgres,
            [.. own, .. Options.MoreHostOptions, .. more]
        );
        foreach (var (variable, value) in Options.Environment)
            host.Environment[variable] = value;
        if (_key.Length > 0)
            host.Authorize(_key);
        return host;
    }

    private async Task AddHostAsync(CancellationToken cancellationToken)
    {
        var host = NewHost("host" + _hosts.Count.ToString(CultureInfo.InvariantCulture), Database);
        _hosts.Add(host);
        host.Start();
        await host.ReadyAsync(cancellationToken);
        await Eventually.UntilAsync(
            () => _key.Length > 0 || (_key = host.FirstKey ?? "").Length > 0,
            host.Tail,
            cancellationToken: cancellationToken
        );
        host.Authorize(_key);
    }

    private async Task SeedAsync(CancellationToken cancellationToken)
    {
        var organization = await PostAsync(
            0,
            "/v1/organizations",
            new { display_name = "Fault lab" },
            cancellationToken
        );
        Organization = new OrganizationId(
            organization["id"] ?? throw new LabException($"No organization: {organization}")
        );
        var connection = await PostAsync(
            0,
            "/v1/connections",
            new
            {
                organization_id = Organization.Value,
                provider = Options.Provider,
                client_id = SandboxClient.DemoId,
                client_secret = SandboxClient.DemoSecret,
                parameters = new { base_url = Sandbox.BaseUrl },
            },
            cancellationToken
        );
        if (!connection.IsOk)
            throw new LabException($"No connection: {connection}");
        for (var i = 0; i < Options.Accounts; i++)
        {
            var user = "user-" + i.ToString("00", CultureInfo.InvariantCulture);
            var account = new LabAccount(
                user,
                new AccountKey(Organization, new UserId(user), new ConnectionName(Options.Provider))
            );
            await ConnectAsync(account, cancellationToken);
            _accounts.Add(account);
        }

        // A call takes its time before the provider acts and before its answer is out, so that a death can fall before,
        // between and behind.
        if (Options.TokenDelayMs == 0)
            return;
        Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Slow,
                Target = FaultTarget.Token,
                DelayMs = Options.TokenDelayMs,
            }
        );
        Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Slow,
                Target = FaultTarget.Token,
                Phase = FaultPhase.After,
                DelayMs = Options.TokenDelayMs,
            }
        );
    }
}
