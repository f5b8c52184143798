using System.Data.Common;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;
using Vault.Sandbox;
using Vault.TestKit;
using Vault.TestKit.Postgres;

namespace Vault.Attacks.Findings;

/// <summary>
/// A real host with an organization, a connection and an account on a sandbox provider; then the folder and the
/// database that it left.
/// </summary>
internal sealed class AttackScene : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-attack-").FullName;
    private readonly string? _database;
    private readonly SandboxServer _sandbox;
    private RealHost? _host;
    private HttpClient? _http;

    private AttackScene(string? database, SandboxServer sandbox) => (_database, _sandbox) = (database, sandbox);

    public string Data => Path.Combine(_folder, "data");

    public string KeyFile => Path.Combine(Data, "master.key");

    public string Organization { get; private set; } = "";

    /// <summary>Where the providers of the scene are.</summary>
    public string Upstream => _sandbox.BaseUrl;

    public RealHost Host => _host ?? throw new InvalidOperationException("The host has been stopped.");

    public static async Task<AttackScene> StartAsync(bool postgres)
    {
        var database = postgres ? await ThrowawayPostgres.CreateDatabaseAsync("attack") : null;
        var scene = new AttackScene(database, await SandboxServer.StartAsync());
        try
        {
            await scene.BuildAsync();
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>The usual options; those given replace them.</summary>
    public List<string> Options(params string[] given)
    {
        List<string> all = [.. given];
        List<(string Name, string Value)> usual =
        [
            ("--listen", "http://127.0.0.1:" + FreePorts.Next()),
            ("--environment", "development"),
            ("--data", Data),
        ];
        if (_database is not null)
        {
            usual.Add(("--store", "postgres"));
            usual.Add(("--database", _database));
            usual.Add(("--silo-port", FreePorts.Next().ToString(CultureInfo.InvariantCulture)));
        }

        foreach (var (name, value) in usual.Where(u => !given.Contains(u.Name)))
            all.AddRange([name, value]);
        return all;
    }

    public string PathOf(string name) => Path.Combine(_folder, name);

    public string NewKeyFile(string name)
    {
        var path = PathOf(name);
        File.WriteAllText(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>Starts a host on the scene's database; what it gains is that it runs.</summary>
    public async Task<string?> StartedAsync(params string[] options)
    {
        await using var host = await RealHost.StartAsync(Options(options));
        return host.Runs ? "the host runs" : null;
    }

    public Task<(int Status, JsonElement Body)> PostAsync(string path, object body, string? key = null) =>
        SendAsync(HttpMethod.Post, path, body, key);

    public Task<(int Status, JsonElement Body)> GetAsync(string path, string? key) =>
        SendAsync(HttpMethod.Get, path, null, key);

    /// <param name="method">The method.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">Null for none.</param>
    /// <param name="key">Null for the administrator's.</param>
    public async Task<(int Status, JsonElement Body)> SendAsync(
        HttpMethod method,
        string path,
        object? body,
        string? key
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var answer = await _http!.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    /// <summary>A key of the organization, with limits: the members of an object.</summary>
    public async Task<string> KeyAsync(object? limits, params string[] permissions)
    {
        var body = new Dictionary<string, object?>
        {
            ["organization_id"] = Organization,
            ["name"] = "attacker",
            ["permissions"] = permissions,
        };
        foreach (var limit in limits?.GetType().GetProperties() ?? [])
            body[limit.Name] = limit.GetValue(limits);
        var (status, made) = await PostAsync("/v1/api_keys", body);
        return status == 201
            ? made.GetProperty("key").GetString()!
            : throw new InvalidOperationException($"No key: {status} {made}");
    }

    /// <summary>A key with these permissions; of the platform without an organization.</summary>
    public async Task<string> KeyOfAsync(string? organization, params string[] permissions)
    {
        var (status, body) = await PostAsync(
            "/v1/api_keys",
            new
            {
                organization_id = organization,
                name = "attacker",
                permissions,
            }
        );
        return status == 201
            ? body.GetProperty("key").GetString()!
            : throw new InvalidOperationException($"The key was not made: {status} {body}");
    }

    /// <summary>Makes something as the administrator; answers its id.</summary>
    public async Task<string> MadeAsync(string path, object body) => Made(await PostAsync(path, body));

    public async Task<HttpResponseMessage> GetAsync(string path) =>
        await _http!.GetAsync(new Uri(path, UriKind.Relative));

    /// <summary>A raw call with one header; answers what the provider saw, or null when the vault refused it.</summary>
    public async Task<string?> RawCallAsync(string header, string value)
    {
        var (status, body) = await PostAsync(
            "/v1/proxy/sandbox_key/echo",
            new
            {
                organization_id = Organization,
                user_id = "ada",
                headers = new Dictionary<string, string> { [header] = value },
            }
        );
        return status == 200 ? "the provider got it" : Refused(status, body);
    }

    /// <summary>What is shown of a credential that is brought in.</summary>
    public async Task<string?> SuffixAsync(string connection, string user, object credential)
    {
        var (status, body) = await PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = Organization,
                user_id = user,
                connection,
                credential,
            }
        );
        if (status != 201)
            throw new InvalidOperationException($"The account was not made: {status} {body}");
        return body.TryGetProperty("masked_suffix", out var shown) && shown.GetString() is { } text && text != "…"
            ? "shows " + text
            : null;
    }

    /// <summary>What one changes in the database without the host.</summary>
    public async Task ChangeAsync(string sqlite, string postgres)
    {
        await using DbConnection connection = _database is { } text
            ? new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(text) { SearchPath = "vault", Pooling = false }.ToString()
            )
            : new SqliteConnection($"Data Source={Path.Combine(Data, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = _database is null ? sqlite : postgres;
        if (await command.ExecuteNonQueryAsync() == 0)
            throw new InvalidOperationException("The database has nothing to change.");
    }

    public async Task StopAsync()
    {
        _http?.Dispose();
        _http = null;
        if (_host is { } host)
            await host.DisposeAsync();
        _host = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _sandbox.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BuildAsync()
    {
        _host = await RealHost.StartAsync(Options("--public-url", "https://vault.example.com"));
        if (!_host.Runs)
            throw new InvalidOperationException("The host does not start: " + _host.Said);
        _http = new HttpClient { BaseAddress = new Uri(_host.Url) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _host.FirstKey);
        Organization = Made(await PostAsync("/v1/organizations", new { display_name = "Attacked" }));
        foreach (var (provider, raw) in new[] { ("sandbox_key", true), ("sandbox_basic", false) })
        {
            var connection = new
            {
                organization_id = Organization,
                provider,
                allow_proxy = raw,
                parameters = new { base_url = _sandbox.BaseUrl },
            };
            Made(await PostAsync("/v1/connections", connection));
        }

        await SuffixAsync("sandbox_key", "ada", new { type = "api_key", api_key = "sandbox-key-0001-demo" });

        // What is refused below is refused for its header: a harmless one passes.
        if (await RawCallAsync("X-Api-Version", "3") is null)
            throw new InvalidOperationException("A raw call does not work.");
    }

    private static string Made((int Status, JsonElement Body) answer) =>
        answer.Status == 201
            ? answer.Body.GetProperty("id").GetString()!
            : throw new InvalidOperationException($"Not made: {answer.Status} {answer.Body}");

    // Anything but the refusal of this header says that the attack itself is broken.
    private static string? Refused(int status, JsonElement body) =>
        body.ToString().Contains("headers may not set", StringComparison.Ordinal)
            ? null
            : throw new InvalidOperationException($"Answered {status} {body}");
}
