using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.OAuth;
using Vault.Core.Offboarding;
using Vault.Core.Operations;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.Gateway.Http;
using Vault.TestKit;
using Vault.TestKit.Memory;
using Vault.TestKit.Sealing;

namespace Vault.Gateway.Tests.Host;

/// <summary>
/// The gateway on a real Kestrel, over the real rules and stores in memory; only providers are played.
/// </summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GatewayHost(WebApplication app, HttpClient http) => (_app, Http) = (app, http);

    public HttpClient Http { get; }

    public MemoryStore Store => Get<MemoryStore>();

    public FakeTokenEndpoint Provider => (FakeTokenEndpoint)Get<ITokenEndpoint>();

    public FakeUpstream Upstream => (FakeUpstream)Get<IUpstream>();

    public MovableTime Time => (MovableTime)Get<TimeProvider>();

    public LogCatcher Logs => Get<LogCatcher>();

    public IReadOnlyList<Operation> Operations => [.. _app.Services.GetServices<IRoute>().Select(r => r.Operation)];

    public IServiceProvider Services => _app.Services;

    public string Admin { get; private set; } = "";

    public string Url => Http.BaseAddress!.ToString().TrimEnd('/');

    public static async Task<GatewayHost> StartAsync(
        GatewayOptions? options = null,
        Action<IServiceCollection>? change = null
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        var url = "http://127.0.0.1:" + FreePorts.Next();
        builder.WebHost.UseUrls(url);
        builder.Logging.ClearProviders();
        var services = builder.Services;
        Add(services);
        services.AddVaultGateway(
            options
                ?? new GatewayOptions
                {
                    Development = true,
                    RequestsPerSecond = 100_000,
                    RequestBurst = 100_000,
                    AnonymousPerSecond = 100_000,
                }
        );
        change?.Invoke(services);
        services.AddSingleton(new PublicAddress(new Uri(url)));
        var app = builder.Build();
        app.MapVaultGateway();
        app.MapGet("/metrics", () => "up 1");
        await app.StartAsync();
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(url),
        };
        var host = new GatewayHost(app, http);
        var first = await host.Get<ApiKeys>().CreateFirstAsync(default);
        host.Admin = first.Value.Text.RevealText();
        return host;
    }

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public Task<Reply> GetAsync(string path, string? key = "", params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, key, headers);

    public Task<Reply> PostAsync(
        string path,
        object body,
        string? key = "",
        params (string Name, string Value)[] headers
    ) => SendAsync(HttpMethod.Post, path, body, key, headers);

    /// <param name="method">The method.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">A text as it is, anything else as JSON; null for none.</param>
    /// <param name="key">Empty for the administrator's, null for none.</param>
    /// <param name="headers">More headers.</param>
    public async Task<Reply> SendAsync(
        HttpMethod method,
        string path,
        object? body,
        string? key = "",
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + (key.Length == 0 ? Admin : key));
        if (body is not null)
            request.Content = new StringContent(Reply.Body(body), Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await Http.SendAsync(request);
        var reply = new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(), response);
        CheckDocumented(method, path, reply);
        return reply;
    }

    public async Task<string> OrganizationAsync(string name = "Example") =>
        (await PostAsync("/v1/organizations", new { display_name = name })).Is(201)["id"];

    public async Task<string> KeyAsync(string? organization, params string[] permissions) =>
        (
            await PostAsync(
                "/v1/api_keys",
                new
                {
                    organization_id = organization,
                    name = "test",
                    permissions,
                }
            )
        ).Is(201)["key"];

    public async Task<string> ConnectionAsync(string organization, string provider = "acme") =>
        (
            await PostAsync(
                "/v1/connections",
                new
                {
                    organization_id = organization,
                    provider,
                    client_id = provider == "acme" ? "client-1" : null,
                    client_secret = provider == "acme" ? "client-secret-1" : null,
                    scopes = provider == "acme" ? new[] { "items:read", "items:write" } : [],
                    return_urls = new[] { "https://app.example.com/done" },
                    app_name = "Example App",
                }
            )
        ).Is(201)["id"];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    // Whatever any test provokes, the document must have told it.
    private void CheckDocumented(HttpMethod method, string path, Reply reply)
    {
        var bare = path.Split('?')[0];
        var operation = Operations
            .Where(o =>
                o.Method == method.Method
                && Regex.IsMatch(bare, "^" + Regex.Replace(o.Path, @"\{\w+\}", "[^/:]+") + "$")
            )
            .MaxBy(o => o.Path.Count(c => c == ':'));
        if (operation is null || (int)reply.Status < 200)
            return;
        if (reply.Header("Content-Type") == "application/problem+json")
            Assert.Contains(reply.Code, operation.AllErrors().Select(e => e.Code));
        else
            Assert.Contains(
                (int)reply.Status,
                operation
                    .AllErrors()
                    .Select(e => e.Status)
                    .Append(operation.Success)
                    .Append(operation.Medium == Medium.Page ? 303 : operation.Success)
            );
    }

    private static void Add(IServiceCollection services)
    {
        services
            .AddSingleton<TimeProvider, MovableTime>()
            .AddSingleton<IEntropy>(new SeededEntropy(7))
            .AddSingleton<IdFactory>()
            .AddSingleton<LogCatcher>();
        services.AddSingleton<ILoggerProvider>(s => s.GetRequiredService<LogCatcher>());
        services.AddSingleton(s => new MemoryStore(s.GetRequiredService<IEntropy>()));
        services
            .AddSingleton<IAccountStore>(s => s.GetRequiredService<MemoryStore>().Accounts)
            .AddSingleton<IOrganizationStore>(s => s.GetRequiredService<MemoryStore>().Organizations);
        services
            .AddSingleton<IConnectionStore>(s => s.GetRequiredService<MemoryStore>().Connections)
            .AddSingleton<IApiKeyStore>(s => s.GetRequiredService<MemoryStore>().ApiKeys);
        services
            .AddSingleton<ILinkStore>(s => s.GetRequiredService<MemoryStore>().Links)
            .AddSingleton<IIdempotencyStore>(s => s.GetRequiredService<MemoryStore>().Idempotency);
        services
            .AddSingleton<IOutputStore>(s => s.GetRequiredService<MemoryStore>().Outputs)
            .AddSingleton<IApprovalStore>(s => s.GetRequiredService<MemoryStore>().Approvals);
        services
            .AddSingleton<IPackStore>(s => s.GetRequiredService<MemoryStore>().Packs)
            .AddSingleton<ILedgerStore>(s => s.GetRequiredService<MemoryStore>().Ledger);
        services.AddSingleton<Vault.Core.Scopes.IScopeUseStore>(s => s.GetRequiredService<MemoryStore>().ScopeUses);
        services
            .AddSingleton<LedgerEntryWriter>()
            .AddSingleton(s => new LedgerWriter(
                s.GetRequiredService<ILedgerStore>(),
                s.GetRequiredService<LedgerEntryWriter>(),
                s.GetRequiredService<TimeProvider>()
            ));
        services.AddSingleton<ILedger>(s => s.GetRequiredService<LedgerWriter>());
        services
            .AddSingleton<IOrganizationKeyStore, InMemoryOrganizationKeyStore>()
            .AddSingleton<IKeyRotationStore, InMemoryKeyRotationStore>()
            .AddSingleton<IResealSource, InMemorySealedRows>();
        services.AddSingleton<IKeyWrapper>(s => new LocalKeyWrapper(
            [.. Enumerable.Range(1, 32).Select(i => (byte)i)],
            s.GetRequiredService<IEntropy>()
        ));
        services.AddSingleton(s => new Keyring(
            s.GetRequiredService<IOrganizationKeyStore>(),
            s.GetRequiredService<IKeyWrapper>(),
            s.GetRequiredService<IEntropy>(),
            s.GetRequiredService<TimeProvider>()
        ));
        services
            .AddSingleton<Sealer>()
            .AddSingleton<GrantSealing>()
            .AddSingleton<TokenClients>()
            .AddSingleton<DestinationBinder>()
            .AddSingleton<IDestinationReview, DestinationReview>()
            .AddSingleton<KeyErasure>()
            .AddSingleton<KeyRotation>()
            .AddSingleton<LedgerErasure>();
        services.AddSingleton<IToolImport, NoImport>();
        services
            .AddSingleton<FakePacks>()
            .AddSingleton<IPacks>(s => s.GetRequiredService<FakePacks>())
            .AddSingleton<IPackReader>(s => s.GetRequiredService<FakePacks>());
        services.AddSingleton<ITokenEndpoint, FakeTokenEndpoint>().AddSingleton<IUpstream, FakeUpstream>();
        services.AddSingleton<IRawUpstream, NoRawCalls>();
        services
            .AddSingleton<FakeHost>()
            .AddSingleton<IHostIdentity>(s => s.GetRequiredService<FakeHost>())
            .AddSingleton<IReplySpool>(s => s.GetRequiredService<FakeHost>());
        services.AddSingleton<IRefreshNotes, MemoryRefreshNotes>();
        services.AddSingleton<ILiveness>(s => s.GetRequiredService<FakeHost>());
        services
            .AddSingleton<IReadiness>(s => s.GetRequiredService<FakeHost>())
            .AddSingleton<IClusterStatus>(s => s.GetRequiredService<FakeHost>())
            .AddSingleton(ICheckpoints.None)
            .AddSingleton(IAccountObserver.None);
        // A short lease: a test that revokes should not stand still for it.
        services
            .AddSingleton(new LifecycleOptions { FreshnessLease = MovableTime.Lease })
            .AddSingleton(new ExecutionOptions())
            .AddSingleton(new CallerOptions { Freshness = TimeSpan.Zero });
        services.AddSingleton(s => new Core.Refresh.CredentialCache(
            s.GetRequiredService<IAccountStore>(),
            s.GetRequiredService<GrantSealing>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<LifecycleOptions>()
        ));
        services
            .AddSingleton<AccountRunner>()
            .AddSingleton<SettledHolders>()
            .AddSingleton<AccountRefresher>()
            .AddSingleton<AccountRevoker>()
            .AddSingleton<GrantStore>()
            .AddSingleton<AccountResolver>();
        services
            .AddSingleton<ToolRunner>()
            .AddSingleton<ExecutionGuard>()
            .AddSingleton<Quotas>()
            .AddSingleton<OutputKeeper>()
            .AddSingleton<UseLog>()
            .AddSingleton<Vault.Core.Scopes.ScopeUseLog>();
        services
            .AddSingleton<IAccounts, LocalAccounts>()
            .AddSingleton<IToolRuns>(s => s.GetRequiredService<ToolRunner>())
            .AddSingleton<CascadeRunner>()
            .AddSingleton<IOrganizations, OrganizationOwner>()
            .AddSingleton<ToolExecutor>();
    }
}
