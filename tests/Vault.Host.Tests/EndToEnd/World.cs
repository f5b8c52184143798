using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Sandbox;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// A sandbox provider and real hosts, its own on a database of their own or shared ones that run already, spoken to
/// over HTTP as a customer does. A call that names no host goes to the first of its own, and to one shared host after
/// the other.
/// </summary>
public sealed class World : IAsyncDisposable
{
    /// <summary>The one address from which the hosts of a world believe what a proxy says about its visitor.</summary>
    public const string TrustedProxy = "127.0.0.2";

    /// <summary>
    /// Options of all hosts of the suite. A busy machine does not run out of the time that one call has: no test here
    /// is about its length.
    /// </summary>
    internal static readonly string[] Calm =
    [
        "--trusted-proxies",
        TrustedProxy,
        "--execution-timeout-ms",
        "120000",
        "--token-timeout-ms",
        "60000",
        "--refresh-lease-ms",
        "70000",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("vault-e2e-").FullName;
    private readonly List<VaultHost> _hosts = [];
    private readonly List<HttpClient> _clients = [];
    private readonly ConcurrentQueue<string> _answers = new();
    private SharedHosts? _shared;
    private string? _database;
    private int _turn = -1;

    public required SandboxServer Sandbox { get; init; }

    public string Folder => _folder;

    /// <summary>Of its own hosts, when they are on PostgreSQL.</summary>
    public string? Database => _database;

    /// <summary>Everything the hosts logged; the canary is looked for in it.</summary>
    public ConcurrentQueue<string> Logs { get; private init; } = new();

    public string AdminKey { get; private set; } = "";

    /// <summary>Its own hosts, which are in this process.</summary>
    public IReadOnlyList<VaultHost> Hosts => _hosts;

    /// <summary>What the next of its own hosts replaces.</summary>
    public Action<IServiceCollection> Configure { get; set; } = _ => { };

    /// <summary>Where the hosts listen, its own or shared.</summary>
    public IReadOnlyList<string> Urls => _shared?.Urls ?? [.. _hosts.Select(h => h.Url)];

    public static async Task<World> StartAsync(int hosts = 1, bool postgres = false, params string[] options)
    {
        var world = new World { Sandbox = await SandboxServer.StartAsync() };
        try
        {
            if (postgres)
                world._database = await TestDatabase.CreateAsync();
            for (var i = 0; i < hosts; i++)
                await world.AddHostAsync(options);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// On hosts that other worlds use before and after it; they are told apart by their organizations and by their
    /// providers.
    /// </summary>
    public static async Task<World> OnAsync(SharedHosts hosts)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var world = new World
        {
            Sandbox = await SandboxServer.StartAsync(),
            Logs = hosts.Logs,
            AdminKey = hosts.AdminKey,
            _shared = hosts,
        };
        world._clients.AddRange(hosts.Urls.Select(url => NewClient(url, hosts.AdminKey)));
        return world;
    }

    public Task<VaultHost> AddHostAsync(params string[] options) => AddHostAsync(TimeProvider.System, options);

    /// <param name="clock">The host's own; Orleans goes by the machine's all the same.</param>
    public async Task<VaultHost> AddHostAsync(TimeProvider clock, params string[] options)
    {
        var data = Path.Combine(_folder, "host" + _hosts.Count);
        List<string> arguments =
        [
            "--listen",
            "http://127.0.0.1:" + FreePorts.Next(),
            "--environment",
            "development",
            "--data",
            data,
            "--sweep-interval-ms",
            "200",
            .. Calm,
        ];
        if (_database is not null)
            arguments.AddRange(["--store", "postgres", "--database", _database]);

        // Hosts on one database share the master key; the first generates it.
        if (_hosts.Count > 0)
            arguments.AddRange(["--master-key-file", Path.Combine(_folder, "host0", "master.key")]);
        for (var i = 0; i < options.Length; i += 2)
        {
            var at = arguments.IndexOf(options[i]);
            if (at >= 0)
                arguments[at + 1] = options[i + 1];
            else
                arguments.AddRange([options[i], options[i + 1]]);
        }

        var host = await HostUnderTest.CreateAsync(arguments, s =>
            Configure(s.AddSingleton(clock).AddSingleton<ILoggerProvider>(new LogTap(Logs)))
        );
        _hosts.Add(host);
        using (var first = await host.StartAsync(CancellationToken.None))
            if (first is not null)
                AdminKey = first.RevealText();
        _clients.Add(NewClient(host.Url, AdminKey));
        return host;
    }

    /// <summary>The last of its own hosts ends; the next one that is added takes over its folder.</summary>
    public async Task StopLastAsync()
    {
        var host = _hosts[^1];
        await host.StopAsync(CancellationToken.None);
        await host.DisposeAsync();
        _hosts.RemoveAt(_hosts.Count - 1);
        _clients[^1].Dispose();
        _clients.RemoveAt(_clients.Count - 1);
    }

    public HttpClient Client(int? host = null) =>
        _clients[(host ?? (_shared is null ? 0 : Interlocked.Increment(ref _turn))) % _clients.Count];

    /// <param name="from">The address of this machine that the host sees; null for the usual one.</param>
    public static HttpClient NewClient(string url, string? key, string? from = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = 2_000,
        };
        if (from is not null)
            handler.ConnectCallback = (context, cancellationToken) =>
                ConnectAsync(from, context.DnsEndPoint, cancellationToken);
        var client = new HttpClient(handler) { BaseAddress = new Uri(url), Timeout = Eventually.Deadline };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private static async ValueTask<Stream> ConnectAsync(
        string from,
        DnsEndPoint to,
        CancellationToken cancellationToken
    )
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Parse(to.Host), to.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public async Task<Reply> PostAsync(string path, object body, int? host = null, HttpClient? client = null) =>
        Keep(await Reply.ReadAsync(await (client ?? Client(host)).PostAsJsonAsync(path, body)));

    public async Task<Reply> GetAsync(string path, int? host = null, HttpClient? client = null) =>
        Keep(await Reply.ReadAsync(await (client ?? Client(host)).GetAsync(new Uri(path, UriKind.Relative))));

    /// <summary>
    /// The organization's entries of a type, oldest first, as soon as there are any: what a change tells of travels
    /// with it in the outbox, and reaches the chain a moment later.
    /// </summary>
    public async Task<List<JsonElement>> LedgerAsync(string organization, string type)
    {
        var path = $"/v1/ledger?organization_id={organization}&type={type}&page_size=200";
        var page = await Eventually.UntilAsync(
            () => GetAsync(path),
            p => p.Json.GetProperty("items").GetArrayLength() > 0
        );
        return [.. page.Json.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("entry"))];
    }

    private Reply Keep(Reply reply)
    {
        _answers.Enqueue(reply.Text);
        return reply;
    }

    public async Task<string> OrganizationAsync(string name = "Acme")
    {
        var made = await PostAsync("/v1/organizations", new { display_name = name });
        Assert.Equal(HttpStatusCode.Created, made.Status);
        return made["id"];
    }

    public async Task<string> ConnectionAsync(string organization, string provider, object? more = null)
    {
        var body = new JsonObject
        {
            ["organization_id"] = organization,
            ["provider"] = provider,
            ["parameters"] = new JsonObject { ["base_url"] = Sandbox.BaseUrl },
        };
        foreach (
            var (name, value) in JsonSerializer
                .SerializeToNode(more ?? new { client_id = "demo-client", client_secret = "demo-secret" })!
                .AsObject()
        )
            body[name] = value?.DeepClone();
        var made = await PostAsync("/v1/connections", body);
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        return made["id"];
    }

    /// <summary>An account with tokens brought in, as after a migration from another product.</summary>
    public async Task<string> ImportAsync(
        string organization,
        string user,
        string connection,
        MintedGrant grant,
        DateTimeOffset expiresAt
    )
    {
        var made = await PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = organization,
                user_id = user,
                connection,
                credential = new
                {
                    type = "oauth_tokens",
                    access_token = grant.AccessToken,
                    refresh_token = grant.RefreshToken,
                    expires_at = expiresAt.ToString("O"),
                },
                scopes = grant.Scope.Split(' '),
            }
        );
        Assert.True(made.Status is HttpStatusCode.Created or HttpStatusCode.OK, made.ToString());
        return made["id"];
    }

    public Task<Reply> ExecuteAsync(
        string organization,
        string user,
        string tool,
        object? input = null,
        int? host = null,
        HttpClient? client = null
    ) =>
        PostAsync(
            "/v1/execute_tool",
            new
            {
                organization_id = organization,
                user_id = user,
                tool_name = tool,
                tool_input = input ?? new { },
            },
            host,
            client
        );

    /// <summary>
    /// What every test ends with: stop, then look for credentials wherever the hosts could have left one.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var seen = new List<(string Where, string Text)>();
        foreach (var client in _clients)
        {
            if (await client.GetAsync(new Uri("/metrics", UriKind.Relative)) is { IsSuccessStatusCode: true } metrics)
                seen.Add(("/metrics", await metrics.Content.ReadAsStringAsync()));
            client.Dispose();
        }

        foreach (var host in _hosts)
        {
            await host.StopAsync(CancellationToken.None);
            await host.DisposeAsync();
        }

        if (_shared is not null)
            await _shared.LeaveAsync(Sandbox);
        else
            await Sandbox.DisposeAsync();
        seen.AddRange(_answers.Select(a => ("an answer", a)));
        while (Logs.TryDequeue(out var line))
            seen.Add(("log " + line[..Math.Min(80, line.Length)], line));
        var leaks = await FindAsync(seen);
        Directory.Delete(_folder, recursive: true);
        Assert.Equal([], leaks);
    }

    private async Task<IReadOnlyList<string>> FindAsync(List<(string Where, string Text)> seen)
    {
        var keys = new Canary(
            "sbx_at_",
            "sbx_rt_",
            "sbx_code_",
            "demo-secret",
            "sandbox-key-0001-demo",
            "sandbox-pass-0001",
            "PRIVATE KEY"
        );
        var admin = AdminKey.Length > 0 ? new Canary(AdminKey[(AdminKey.LastIndexOf('_') + 1)..]) : new Canary();
        var (folder, database) = _shared is null ? (_folder, _database) : (_shared.Folder, _shared.Database);
        var leaks = seen.Where(s => keys.Finds(s.Text) || admin.Finds(s.Text)).Select(s => s.Where).ToList();
        var running = _shared is { Once: false };
        leaks.AddRange([.. keys.InFiles(folder, running), .. admin.InFiles(folder, running)]);
        if (database is not null)
            leaks.AddRange([.. await keys.InDatabaseAsync(database), .. await admin.InDatabaseAsync(database)]);
        return [.. leaks.Distinct()];
    }
}

/// <summary>An answer with its JSON.</summary>
public sealed record Reply(HttpStatusCode Status, JsonElement Json, string Text, HttpResponseHeaders Headers)
    : IThrottled
{
    public TimeSpan? RetryAfter =>
        Status == HttpStatusCode.TooManyRequests ? Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1) : null;

    public string this[string member] =>
        Json.TryGetProperty(member, out var value)
            ? value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : value.GetRawText()
            : throw new InvalidOperationException($"There is no '{member}' in {Text}");

    public string? Code =>
        Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty("code", out var code) ? code.GetString() : null;

    public static async Task<Reply> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var json =
            response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true
            && text.Length > 0
                ? JsonDocument.Parse(text).RootElement
                : default;
        return new Reply(response.StatusCode, json, text, response.Headers);
    }

    /// <summary>All are 200; a failure shows each kind of answer once, with how often it came.</summary>
    public static void AllOk(IReadOnlyCollection<Reply> answers)
    {
        var told = string.Join(
            "; ",
            answers
                .GroupBy(a => (a.Status, a.Code))
                .Select(g => $"{g.Count()} x {(int)g.Key.Status}{(g.Key.Code is null ? "" : " " + g.First().Text)}")
        );
        // Not Assert.Equal, which shortens what it prints: the whole answer is what explains a red run.
        Assert.True(told == $"{answers.Count} x 200", told);
    }

    public override string ToString() => $"{(int)Status} {Text}";
}
