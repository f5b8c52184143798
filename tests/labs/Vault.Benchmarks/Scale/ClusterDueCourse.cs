using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Vault.Benchmarks.Load;
using Vault.Benchmarks.Measure;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// Two silos on one database: what accounts cost that nobody asks for, how fast accounts come up that are asked for the
/// first time, and whether everything that becomes due is refreshed before it runs out, with the provider's parallelism
/// kept by both silos together.
/// </summary>
internal static class ClusterDueCourse
{
    /// <summary>
    /// As the sandbox's pack has it by default: refreshes of one provider at once, in the whole cluster.
    /// </summary>
    public const int Parallelism = 32;

    private const int Silos = 2;
    private const int MaxCold = 5_000;
    private const int WarmUp = 500;
    private const int ColdAtOnce = 64;
    private const int TokenDelay = 40;
    private const int LoadedPerSecond = 1_000;
    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(20);

    public static async Task<ScaleRun> RunAsync(int due, TextWriter progress, CancellationToken cancellationToken)
    {
        var load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        if (load > Environment.ProcessorCount)
            progress.WriteLine(
                $"bench: this machine is busy (load {load:0.0} on {Environment.ProcessorCount} cores); the figures mean little"
            );
        var folder = Directory.CreateTempSubdirectory("vault-due-").FullName;
        await using var rigs = new AsyncDisposables();
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(100) };
            var cold = Math.Min(due / 10, MaxCold) + WarmUp;
            progress.WriteLine(
                $"bench: {due:#,0} accounts due at {ScaleCourse.DuePerSecond:0} per second over {Silos} silos, against a token endpoint that takes {TokenDelay} ms"
            );
            var postgres = rigs.Add(await PostgresRig.StartAsync(folder + "-pg", cancellationToken));
            var sandbox = rigs.Add(await SandboxRig.StartAsync(http, due + cold, cancellationToken));
            var database = await postgres.CreateDatabaseAsync("due", cancellationToken);
            var world = rigs.Add(
                await ScaleWorld.OpenAsync(Path.Combine(folder, "silo0"), database, cancellationToken)
            );
            var figures = new ScaleFigures(progress);
            var loader = new ScaleLoader(world, sandbox.Origin);
            var places = await loader.OrganizationsAsync(Math.Clamp(due / 1_000, 2, 100), cancellationToken);
            var first = await loader.AccountsAsync(
                places,
                "cold-",
                cold,
                [.. sandbox.Grants.Skip(due)],
                _ => null,
                null,
                cancellationToken
            );
            using var slow = await http.PostAsJsonAsync(
                new Uri(sandbox.Url, "/_control/faults"),
                new
                {
                    kind = "slow",
                    target = "token",
                    delay_ms = TokenDelay,
                },
                cancellationToken
            );
            slow.EnsureSuccessStatusCode();

            var silos = await VaultRig.StartSilosAsync(http, folder, database, Silos, rigs, cancellationToken);
            await ColdAsync(http, silos, [.. first.Take(WarmUp)], cancellationToken);
            var before = Memory(silos);
            var clock = Stopwatch.StartNew();
            await ColdAsync(http, silos, [.. first.Skip(WarmUp)], cancellationToken);
            var active = first.Count - WarmUp;
            figures.Add(
                "activations_per_second",
                active / clock.Elapsed.TotalSeconds,
                $"accounts/s called for the first time, {ColdAtOnce} at once through both silos: activated, opened, answered by the provider"
            );
            figures.Add(
                "active_account_bytes",
                (Memory(silos) - before) * 1024 * 1024 / active,
                $"bytes resident more per account that was called, {active:#,0} of them"
            );

            before = Memory(silos);
            var begin = DateTimeOffset.UtcNow + Lead + TimeSpan.FromSeconds(due / (double)LoadedPerSecond);
            clock.Restart();
            var sweep = await loader.AccountsAsync(
                places,
                "due-",
                due,
                [.. sandbox.Grants.Take(due)],
                i => begin + TimeSpan.FromSeconds(i / ScaleCourse.DuePerSecond),
                null,
                cancellationToken
            );
            figures.Add(
                "load_accounts_per_second",
                due / clock.Elapsed.TotalSeconds,
                "accounts/s loaded beside the running silos"
            );
            figures.Add(
                "idle_account_bytes",
                (Memory(silos) - before) * 1024 * 1024 / due,
                $"bytes resident more per account that nobody asked for, {due:#,0} of them; nothing of it is in a silo"
            );
            if (DateTimeOffset.UtcNow > begin)
                throw new BenchException(
                    "Loading took longer than was left until the first account was due; nothing was measured."
                );
            await ScaleSweep.RunAsync(
                http,
                [.. silos.Select(s => s.ProcessId)],
                sandbox,
                world,
                sweep,
                begin,
                figures,
                progress,
                cancellationToken
            );

            var counters = await http.GetFromJsonAsync<JsonElement>(
                new Uri(sandbox.Url, "/_control/counters"),
                cancellationToken
            );
            figures.Add(
                "token_calls_at_once",
                counters.GetProperty("max_concurrent_token_calls").GetInt32(),
                $"most token calls at once at the provider, whose parallelism is {Parallelism}"
            );
            figures.Add(
                "refresh_replays",
                counters.GetProperty("refresh_replays").GetInt64(),
                "refresh tokens presented twice"
            );
            figures.Add("reminders", await RemindersAsync(database, cancellationToken), "rows in the reminder table");
            figures.Add("memory_after_mb", Memory(silos) / Silos, "MB resident of a silo after all of it");
            return new ScaleRun(
                DateTimeOffset.UtcNow,
                Facts.Commit(),
                Facts.Machine(postgres.Version, load),
                due + cold,
                figures.All.ToDictionary(f => f.Name, f => new ScaleFigure(f.Value, f.Meaning))
            );
        }
        finally
        {
            await rigs.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            if (Directory.Exists(folder + "-pg"))
                Directory.Delete(folder + "-pg", recursive: true);
        }
    }

    private static Task ColdAsync(
        HttpClient http,
        IReadOnlyList<VaultRig> silos,
        IReadOnlyList<LoadedAccount> accounts,
        CancellationToken cancellationToken
    ) =>
        Parallel.ForEachAsync(
            accounts.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = ColdAtOnce, CancellationToken = cancellationToken },
            async (account, cancel) =>
            {
                var (index, item) = account;
                var silo = silos[index % silos.Count];
                var prepared = PreparedRequest.Execute(
                    "read",
                    "/v1/execute_tool",
                    silo.Key,
                    item.Key.Organization.Value,
                    item.Key.User.Value,
                    "sandbox_single_use_"
                );
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(silo.Url, prepared.Path))
                {
                    Content = new StringContent(prepared.Body, System.Text.Encoding.UTF8, "application/json"),
                };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", prepared.Token);
                using var answer = await http.SendAsync(request, cancel);
                if (!answer.IsSuccessStatusCode)
                    throw new BenchException(
                        $"A first call was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}"
                    );
            }
        );

    private static double Memory(IReadOnlyList<VaultRig> silos) => silos.Sum(s => ScaleCourse.Memory(s.ProcessId));

    private static async Task<long> RemindersAsync(string database, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select count(*) from cluster.reminders");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
