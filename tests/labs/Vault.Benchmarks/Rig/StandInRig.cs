using System.Reflection;
using System.Security.Cryptography;
using Npgsql;
using Vault.Benchmarks.Targets;

namespace Vault.Benchmarks.Rig;

/// <summary>The floor or the homegrown handler, in a process of its own.</summary>
internal sealed class StandInRig : IAsyncDisposable
{
    public const string Organization = "org_bench";

    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private StandInRig(ChildProcess process, HttpClient http, Uri url, string apiKey) =>
        (_process, _http, Url, ApiKey) = (process, http, url, apiKey);

    public Uri Url { get; }

    public int ProcessId => _process.Id;

    public string ApiKey { get; }

    public static Task<StandInRig> StartFloorAsync(
        HttpClient http,
        SandboxRig sandbox,
        CancellationToken cancellationToken
    ) =>
        StartAsync(
            http,
            "serve-floor",
            new() { ["BENCH_TOKEN"] = sandbox.Grants[0].AccessToken },
            sandbox,
            "",
            cancellationToken
        );

    public static async Task<StandInRig> StartHomegrownAsync(
        HttpClient http,
        SandboxRig sandbox,
        string database,
        string verb,
        CancellationToken cancellationToken
    )
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var apiKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        await LoadAsync(sandbox, database, key, cancellationToken);
        return await StartAsync(
            http,
            verb,
            new()
            {
                ["BENCH_DATABASE"] = database,
                ["BENCH_KEY"] = Convert.ToBase64String(key),
                ["BENCH_API_KEY"] = apiKey,
            },
            sandbox,
            apiKey,
            cancellationToken
        );
    }

    public async Task<double> AllocatedAsync(CancellationToken cancellationToken) =>
        double.Parse(
            await _http.GetStringAsync(new Uri(Url, ServeSettings.AllocatedPath), cancellationToken),
            System.Globalization.CultureInfo.InvariantCulture
        );

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<StandInRig> StartAsync(
        HttpClient http,
        string verb,
        Dictionary<string, string> variables,
        SandboxRig sandbox,
        string apiKey,
        CancellationToken cancellationToken
    )
    {
        var url = Checkout.FreeUrl();
        variables["BENCH_LISTEN"] = url.ToString();
        variables["BENCH_UPSTREAM"] = sandbox.Origin;
        var rig = new StandInRig(
            ChildProcess.Start(verb, "dotnet", [Assembly.GetExecutingAssembly().Location, verb], variables),
            http,
            url,
            apiKey
        );
        try
        {
            await rig._process.ReadyAsync(http, new Uri(url, ServeSettings.AllocatedPath), cancellationToken);
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    private static async Task LoadAsync(
        SandboxRig sandbox,
        string database,
        byte[] key,
        CancellationToken cancellationToken
    )
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using (var table = source.CreateCommand(HomegrownTokens.Table))
            await table.ExecuteNonQueryAsync(cancellationToken);
        await using (var audit = source.CreateCommand(HomegrownAudit.Table))
            await audit.ExecuteNonQueryAsync(cancellationToken);
        using var cipher = new TokenCipher([.. key]);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy account (organization, user_id, connection, access_token, refresh_token, expires_at) from stdin (format binary)",
            cancellationToken
        );
        foreach (var (index, grant) in sandbox.Grants.Index())
        {
            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(Organization, cancellationToken);
            await copy.WriteAsync("user-" + index, cancellationToken);
            await copy.WriteAsync("sandbox", cancellationToken);
            await copy.WriteAsync(cipher.Seal(grant.AccessToken), cancellationToken);
            await copy.WriteAsync(cipher.Seal(grant.RefreshToken), cancellationToken);
            await copy.WriteAsync(DateTime.UtcNow.AddSeconds(SandboxRig.TokenSeconds - 60), cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }
}
