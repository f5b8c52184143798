using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.TestKit;

namespace Vault.Benchmarks.Rig;

/// <summary>
/// The vault's host as an operator starts it, with a loaded organization. Only the rate limit is raised: it is not what
/// is measured.
/// </summary>
internal sealed partial class VaultRig : IAsyncDisposable
{
    private const int ParallelImports = 8;
    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private VaultRig(ChildProcess process, HttpClient http, Uri url) => (_process, _http, Url) = (process, http, url);

    public Uri Url { get; }

    public int ProcessId => _process.Id;

    public string Key { get; private set; } = "";

    public string Organization { get; private set; } = "";

    /// <param name="against">The checkout whose vault it is; null for this one.</param>
    public static Task<VaultRig> StartAsync(
        HttpClient http,
        string folder,
        string? database,
        SandboxRig sandbox,
        CancellationToken cancellationToken,
        string? against = null
    ) => StartAsync(http, folder, database, sandbox, [], cancellationToken, against);

    /// <summary>On a database that is filled already, by somebody who knows the key.</summary>
    public static Task<VaultRig> StartFilledAsync(
        HttpClient http,
        string folder,
        string database,
        IEnumerable<string> more,
        CancellationToken cancellationToken
    ) => StartAsync(http, folder, database, null, more, cancellationToken);

    private static async Task<VaultRig> StartAsync(
        HttpClient http,
        string folder,
        string? database,
        SandboxRig? sandbox,
        IEnumerable<string> more,
        CancellationToken cancellationToken,
        string? against = null
    )
    {
        var url = Checkout.FreeUrl();
        List<string> arguments =
        [
            against is null
                ? Checkout.Program("src/Vault.Host", "vault-host")
                : Checkout.Program("src/Vault.Host", "vault-host", against),
            "--listen",
            url.GetLeftPart(UriPartial.Authority),
            "--environment",
            "development",
            "--data",
            folder,
            "--rate-limit-per-second",
            "1000000",
            .. more,
        ];
        var variables = new Dictionary<string, string>();
        if (database is not null)
        {
            (variables["VAULT_STORE"], variables["VAULT_DATABASE"]) = ("postgres", database);
            if (against is null)
                variables["VAULT_SILO_PORT"] = Checkout
                    .FreeUrl()
                    .Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var rig = new VaultRig(ChildProcess.Start("the vault", "dotnet", arguments, variables), http, url);
        try
        {
            await rig._process.ReadyAsync(http, new Uri(url, "/health/ready"), cancellationToken);
            await rig.LearnKeyAsync(cancellationToken);
            if (sandbox is not null)
                await rig.LoadAsync(sandbox, cancellationToken);
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Bytes the host has allocated since it started, and transactions its ledger has made durable.</summary>
    public async Task<(double Allocated, double LedgerRounds)> CountersAsync(CancellationToken cancellationToken)
    {
        var text = await _http.GetStringAsync(new Uri(Url, "/metrics"), cancellationToken);
        return (Metric(AllocatedMetric(), text), Metric(RoundsMetric(), text));
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task LearnKeyAsync(CancellationToken cancellationToken)
    {
        var wait = await Eventually.TryUntilAsync(
            () => Task.FromResult(KeyLine().Match(_process.Said)),
            match => match.Success,
            cancellationToken: cancellationToken
        );
        Key = wait.Met
            ? (await File.ReadAllTextAsync(wait.Last!.Groups[1].Value, cancellationToken)).Trim()
            : throw new BenchException("The vault did not name the file of its first key.");
    }

    private async Task LoadAsync(SandboxRig sandbox, CancellationToken cancellationToken)
    {
        Organization = (await PostAsync("/v1/organizations", new { display_name = "Bench" }, cancellationToken))
            .GetProperty("id")
            .GetString()!;
        await PostAsync(
            "/v1/connections",
            new
            {
                organization_id = Organization,
                provider = "sandbox_single_use",
                name = "sandbox",
                client_id = "demo-client",
                client_secret = "demo-secret",
                parameters = new { base_url = sandbox.Origin },
            },
            cancellationToken
        );
        var expires = DateTimeOffset.UtcNow.AddSeconds(SandboxRig.TokenSeconds - 60).ToString("O");
        await Parallel.ForEachAsync(
            sandbox.Grants.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = ParallelImports, CancellationToken = cancellationToken },
            async (grant, cancel) =>
                await PostAsync(
                    "/v1/connected_accounts",
                    new
                    {
                        organization_id = Organization,
                        user_id = "user-" + grant.Index,
                        connection = "sandbox",
                        credential = new
                        {
                            type = "oauth_tokens",
                            access_token = grant.Item.AccessToken,
                            refresh_token = grant.Item.RefreshToken,
                            expires_at = expires,
                        },
                        scopes = grant.Item.Scope.Split(' '),
                    },
                    cancel
                )
        );
    }

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, path))
        {
            Content = JsonContent.Create(body),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using var answer = await _http.SendAsync(request, cancellationToken);
        if (answer.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.OK))
            throw new BenchException(
                $"POST {path} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellationToken)}"
            );
        return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }

    private static double Metric(Regex pattern, string text) =>
        pattern
            .Matches(text)
            .Sum(m => double.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));

    [GeneratedRegex("The administrator's key is in (.+)\n")]
    private static partial Regex KeyLine();

    [GeneratedRegex(@"^dotnet_gc_heap_total_allocated_bytes_total(?:\{[^}]*\})? ([0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex AllocatedMetric();

    [GeneratedRegex(@"^vault_ledger_lag_seconds_count(?:\{[^}]*\})? ([0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex RoundsMetric();
}
