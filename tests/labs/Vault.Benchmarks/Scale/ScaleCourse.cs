using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Vault.Benchmarks.Load;
using Vault.Benchmarks.Measure;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// One host and many accounts: what loading, starting, resting, a first call, the due sweep, a key rotation and the
/// ledger cost. A smaller run keeps the demands of the large one: a tenth of the accounts is due, at the rate of
/// 100,000 in ten minutes.
/// </summary>
internal static class ScaleCourse
{
    /// <summary>
    /// From when an account is due to when its access token ends, as the sandbox's pack says; a refresh within it is
    /// not late.
    /// </summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);

    /// <summary>How many accounts become due in a second.</summary>
    public const double DuePerSecond = 100_000 / 600.0;

    private const int MaxOrganizations = 1_000;
    private const int MaxCold = 5_000;
    private const int MaxStorm = 1_000;
    private const int ColdAtOnce = 16;
    private const int TokenDelay = 100;
    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(30);

    public static async Task<ScaleRun> RunAsync(int accounts, TextWriter progress, CancellationToken cancellationToken)
    {
        var load = double.Parse(
            File.ReadAllText("/proc/loadavg").Split(' ')[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
        if (load > Environment.ProcessorCount)
            progress.WriteLine(
                $"bench: this machine is busy (load {load:0.0} on {Environment.ProcessorCount} cores); the figures mean little"
            );
        var folder = Directory.CreateTempSubdirectory("vault-scale-").FullName;
        await using var rigs = new AsyncDisposables();
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(100) };
            var (due, cold, storm) = (
                accounts / 10,
                Math.Min(accounts / 10, MaxCold),
                Math.Min(accounts / 10, MaxStorm)
            );
            progress.WriteLine(
                $"bench: {accounts:#,0} accounts, {due:#,0} of them due at {DuePerSecond:0} per second against a token endpoint that takes {TokenDelay} ms"
            );
            var postgres = rigs.Add(await PostgresRig.StartAsync(folder + "-pg", cancellationToken));
            var sandbox = rigs.Add(await SandboxRig.StartAsync(http, due + cold + storm, cancellationToken));
            var database = await postgres.CreateDatabaseAsync("scale", cancellationToken);
            var world = rigs.Add(await ScaleWorld.OpenAsync(Path.Combine(folder, "host"), database, cancellationToken));
            var figures = new ScaleFigures(progress);
            var loader = new ScaleLoader(world, sandbox.Origin);

            var clock = Stopwatch.StartNew();
            var places = await loader.OrganizationsAsync(
                Math.Clamp(accounts / 1_000, 2, MaxOrganizations),
                cancellationToken
            );
            await loader.AccountsAsync(
                places,
                "idle-",
                accounts - due - cold - storm,
                [],
                _ => null,
                null,
                cancellationToken
            );
            var first = await loader.AccountsAsync(
                places,
                "cold-",
                cold,
                [.. sandbox.Grants.Skip(due).Take(cold)],
                _ => null,
                null,
                cancellationToken
            );
            // Ended already, and due in a month: nothing but a call refreshes them.
            var ended = await loader.AccountsAsync(
                places,
                "storm-",
                storm,
                [.. sandbox.Grants.Skip(due + cold)],
                _ => null,
                DateTimeOffset.UtcNow,
                cancellationToken
            );
            var begin = DateTimeOffset.UtcNow + Lead + TimeSpan.FromSeconds(due / 1_000.0);
            var sweep = await loader.AccountsAsync(
                places,
                "due-",
                due,
                [.. sandbox.Grants.Take(due)],
                i => begin + TimeSpan.FromSeconds(i / DuePerSecond),
                null,
                cancellationToken
            );
            figures.Add(
                "load_accounts_per_second",
                accounts / clock.Elapsed.TotalSeconds,
                $"accounts/s, sealed one by one and inserted 200 to a transaction; {accounts:#,0} in {places.Count:#,0} organizations"
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
            clock.Restart();
            var host = rigs.Add(
                await VaultRig.StartFilledAsync(http, Path.Combine(folder, "host"), database, [], cancellationToken)
            );
            figures.Add("start_seconds", clock.Elapsed.TotalSeconds, "s from starting the process to being ready");
            await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken);
            figures.Add("idle_memory_mb", Memory(host.ProcessId), "MB resident, 5 s after the start");
            await ColdAsync(http, host, first, figures, cancellationToken);
            await ScaleSweep.RunAsync(
                http,
                [host.ProcessId],
                sandbox,
                world,
                sweep,
                begin,
                figures,
                progress,
                cancellationToken
            );
            await ScaleStorm.RunAsync(host, sandbox, ended, figures, cancellationToken);
            figures.Add("memory_after_mb", Memory(host.ProcessId), "MB resident after all of it");

            await ScaleMemory.RunAsync(world, first, figures, cancellationToken);

            clock.Restart();
            await world.Rotation.BeginAsync(places[1].Organization, "bench", cancellationToken);
            var rotation = await world.Rotation.ResumeAsync(places[1].Organization, cancellationToken);
            figures.Add(
                "rotation_rows_per_second",
                rotation.Resealed / clock.Elapsed.TotalSeconds,
                $"rows/s re-sealed under a new key, {rotation.Resealed:#,0} rows of one organization"
            );
            await ScaleLedger.RunAsync(
                world,
                places[0].Organization,
                Math.Clamp(accounts / 5, 50_000, 200_000),
                figures,
                cancellationToken
            );
            return new ScaleRun(
                DateTimeOffset.UtcNow,
                Facts.Commit(),
                Facts.Machine(postgres.Version, load),
                accounts,
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

    /// <summary>The first call of accounts that this host has never seen.</summary>
    private static async Task ColdAsync(
        HttpClient http,
        VaultRig host,
        IReadOnlyList<LoadedAccount> accounts,
        ScaleFigures figures,
        CancellationToken cancellationToken
    )
    {
        var times = new double[accounts.Count];
        var before = ProcessTimes.Of(host.ProcessId);
        await Parallel.ForEachAsync(
            accounts.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = ColdAtOnce, CancellationToken = cancellationToken },
            async (account, cancel) =>
            {
                var (index, item) = account;
                var prepared = PreparedRequest.Execute(
                    "read",
                    "/v1/execute_tool",
                    host.Key,
                    item.Key.Organization.Value,
                    item.Key.User.Value,
                    "sandbox_single_use_"
                );
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(host.Url, prepared.Path))
                {
                    Content = new StringContent(prepared.Body, System.Text.Encoding.UTF8, "application/json"),
                };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", prepared.Token);
                var at = Stopwatch.GetTimestamp();
                using var answer = await http.SendAsync(request, cancel);
                times[index] = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
                if (!answer.IsSuccessStatusCode)
                    throw new BenchException(
                        $"A cold call was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}"
                    );
            }
        );
        figures.Add(
            "cold_execute_p50_ms",
            ScaleFigures.Percentile(times, 0.5),
            $"ms, first call of an account, {ColdAtOnce} at once"
        );
        figures.Add("cold_execute_p99_ms", ScaleFigures.Percentile(times, 0.99), "ms, the same at the 99th percentile");
        figures.Add(
            "cold_execute_cpu_us",
            (ProcessTimes.Of(host.ProcessId) - before) / accounts.Count * 1e6,
            "microseconds of the host's CPU per first call"
        );
    }

    /// <summary>Megabytes resident.</summary>
    public static double Memory(int process)
    {
        var line = File.ReadLines($"/proc/{process.ToString(System.Globalization.CultureInfo.InvariantCulture)}/status")
            .First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                System.Globalization.CultureInfo.InvariantCulture
            ) / 1024;
    }
}
