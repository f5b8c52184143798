using System.Globalization;
using Vault.Benchmarks.Load;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Measure;

/// <summary>
/// What it costs that an account lives elsewhere: the same execution through the silo that owns the account, and
/// through a silo that has to ask another; PostgreSQL under each, one run.
/// </summary>
internal static class ClusterCourse
{
    private const int Accounts = 64;
    private const int Seconds = 2;
    private const int Repeats = 3;
    private const int WarmUps = 3;
    private static readonly int[] Connections = [1, 16, 64];

    public static async Task<int> RunAsync(TextWriter to, TextWriter progress, CancellationToken cancellationToken)
    {
        var load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("vault-bench-").FullName;
        await using var rigs = new AsyncDisposables();
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
            progress.WriteLine("bench: starting the upstream, PostgreSQL, a silo, and two silos that share the work");
            var postgres = rigs.Add(await PostgresRig.StartAsync(folder + "-pg", cancellationToken));
            var sandbox = rigs.Add(await SandboxRig.StartAsync(http, Accounts, cancellationToken));
            List<Target> targets =
            [
                Of(
                    "local",
                    await VaultRig.StartClusterAsync(
                        http,
                        Path.Combine(folder, "local"),
                        await postgres.CreateDatabaseAsync("local", cancellationToken),
                        sandbox,
                        apart: false,
                        rigs,
                        cancellationToken
                    )
                ),
                Of(
                    "other",
                    await VaultRig.StartClusterAsync(
                        http,
                        Path.Combine(folder, "other"),
                        await postgres.CreateDatabaseAsync("other", cancellationToken),
                        sandbox,
                        apart: true,
                        rigs,
                        cancellationToken
                    )
                ),
            ];
            var runner = new CellRunner(
                http,
                folder,
                sandbox,
                postgres,
                [.. targets.Select(t => t.ProcessId).Append(sandbox.ProcessId)]
            );
            foreach (var target in targets)
            {
                await runner.ProbeAsync(target, "read", cancellationToken);
                for (var i = 0; i < WarmUps; i++)
                    await runner.MeasureAsync(target, "read", Accounts, 16, Seconds, cancellationToken);
            }

            var plan = (
                from connections in Connections
                from target in targets
                select (Target: target, Connections: connections)
            ).ToList();
            var samples = plan.Select(_ => new List<Sample>()).ToList();
            for (var repetition = 1; repetition <= Repeats; repetition++)
            {
                progress.WriteLine($"bench: repetition {repetition} of {Repeats}, {plan.Count} cells");
                for (var i = 0; i < plan.Count; i++)
                    samples[i]
                        .Add(
                            await runner.MeasureAsync(
                                plan[i].Target,
                                "read",
                                Accounts,
                                plan[i].Connections,
                                Seconds,
                                cancellationToken
                            )
                        );
            }

            var cells = plan.Select((c, i) => new Cell(c.Target.Name, "read", Accounts, c.Connections, samples[i]))
                .ToList();
            Tell(to, cells, load);
            return cells.Any(c => c.Errors > 0) ? 1 : 0;
        }
        finally
        {
            await rigs.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            if (Directory.Exists(folder + "-pg"))
                Directory.Delete(folder + "-pg", recursive: true);
        }
    }

    private static Target Of(string name, VaultRig vault) =>
        new(name, vault.Url, vault.ProcessId)
        {
            OnPostgres = true,
            Request = (operation, i) =>
                PreparedRequest.Execute(
                    operation,
                    "/v1/execute_tool",
                    vault.Key,
                    vault.Organization,
                    "user-" + i,
                    "sandbox_single_use_"
                ),
            CountersAsync = async ct =>
                await vault.CountersAsync(ct) is var (allocated, rounds) ? (allocated, rounds) : default,
        };

    private static void Tell(TextWriter to, IReadOnlyList<Cell> cells, double load)
    {
        to.WriteLine();
        to.WriteLine(
            "| read, connections | local silo, calls a second | other ÷ local | p50 local, other (ms) | CPU a call local, other (µs) | noise, largest |"
        );
        to.WriteLine("|---|---|---|---|---|---|");
        foreach (var connections in Connections)
        {
            Cell At(string name) => cells.Single(c => c.Target == name && c.Concurrency == connections);
            var (local, other) = (At("local"), At("other"));
            string Ms(Cell cell) => (cell.Median(s => s.P50) / 1_000).ToString("0.00", CultureInfo.InvariantCulture);
            to.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {connections} | {local.Throughput:0} | {other.Throughput / local.Throughput:0.00} | {Ms(local)}, {Ms(other)} | {local.CpuMicroseconds:0}, {other.CpuMicroseconds:0} | {new[] { local, other }.Max(c => c.Noise) * 100:0}% |"
                )
            );
        }

        to.WriteLine();
        to.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Accounts} accounts, {Repeats} × {Seconds} s per cell, medians; load before {load:0.0} on {Environment.ProcessorCount} cores, others took {cells.SelectMany(c => c.Samples).Select(s => s.OthersShare).Order().ElementAt(cells.Sum(c => c.Samples.Count) / 2) * 100:0}% of the machine in the median cell; errors {cells.Sum(c => c.Errors):0}"
            )
        );
    }
}
