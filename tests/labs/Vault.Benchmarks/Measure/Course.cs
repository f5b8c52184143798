using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Measure;

/// <summary>
/// The whole run: start everything, warm up, measure every cell several times in turn, stop everything.
/// </summary>
internal static class Course
{
    private const int WarmUpConnections = 16;

    // The compiler optimises what has run often, in the background: for a while it takes more of the processor than the
    // requests do. Warm is who costs no less CPU per request than before, twice in a row.
    private const int WarmUpRequests = 4_000;
    private const int WarmUpSeconds = 2;
    private const int MaxWarmUpRounds = 16;
    private const int CalmRounds = 2;
    private const double Calm = 0.93;
    private const int QuickSpreadConcurrency = 16;

    public static async Task<BenchRun> RunAsync(
        BenchOptions options,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        var load = double.Parse(
            File.ReadAllText("/proc/loadavg").Split(' ')[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
        if (load > Environment.ProcessorCount)
            progress.WriteLine(
                $"bench: this machine is busy (load {load:0.0} on {Environment.ProcessorCount} cores); the figures will say so and mean little"
            );
        var folder = Directory.CreateTempSubdirectory("vault-bench-").FullName;
        await using var rigs = new AsyncDisposables();
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
            progress.WriteLine(
                "bench: starting the upstream, the floor, the homegrown handler, PostgreSQL and the vault"
            );
            // PostgreSQL runs as another user when we are root: its folder is beside ours, not in it.
            var postgres = rigs.Add(await PostgresRig.StartAsync(folder + "-pg", cancellationToken));
            var sandbox = rigs.Add(await SandboxRig.StartAsync(http, options.Accounts.Max(), cancellationToken));
            var targets = await StartTargetsAsync(options, http, folder, sandbox, postgres, rigs, cancellationToken);
            var runner = new CellRunner(
                http,
                folder,
                sandbox,
                postgres,
                [.. targets.Select(t => t.ProcessId).Append(sandbox.ProcessId).Distinct()]
            );
            var rounds = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var (target, operation) in from t in targets from o in options.Operations select (t, o))
            {
                await runner.ProbeAsync(target, operation, cancellationToken);
                rounds[$"{target.Name} {operation}"] = await WarmUpAsync(runner, target, operation, cancellationToken);
            }

            // A database in its first minute has no statistics; autovacuum would gather them in the middle of a cell.
            await postgres.AnalyzeAsync(cancellationToken);

            var plan = Plan(options, targets).ToList();
            var samples = plan.Select(_ => new List<Sample>()).ToList();
            // All cells once, then all again: what disturbs the machine for a while then spreads over the repetitions
            // instead of falsifying one cell.
            for (var repetition = 1; repetition <= options.Repeats; repetition++)
            {
                for (var i = 0; i < plan.Count; i++)
                {
                    if (!Console.IsErrorRedirected)
                        progress.Write(
                            $"\rbench: repetition {repetition} of {options.Repeats}, cell {i + 1} of {plan.Count}   "
                        );
                    else if (i == 0)
                        progress.WriteLine($"bench: repetition {repetition} of {options.Repeats}, {plan.Count} cells");
                    samples[i]
                        .Add(
                            await runner.MeasureAsync(
                                plan[i].Target,
                                plan[i].Operation,
                                plan[i].Accounts,
                                plan[i].Concurrency,
                                options.Seconds,
                                cancellationToken
                            )
                        );
                }
            }

            if (!Console.IsErrorRedirected)
                progress.WriteLine();
            return new BenchRun
            {
                Date = DateTimeOffset.UtcNow,
                Commit = Facts.Commit(),
                Machine = Facts.Machine(postgres.Version, load),
                SecondsPerCell = options.Seconds,
                Repeats = options.Repeats,
                WarmUpRounds = rounds,
                Cells =
                [
                    .. plan.Select(
                        (c, i) => new Cell(c.Target.Name, c.Operation, c.Accounts, c.Concurrency, samples[i])
                    ),
                ],
            };
        }
        finally
        {
            await rigs.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            if (Directory.Exists(folder + "-pg"))
                Directory.Delete(folder + "-pg", recursive: true);
        }
    }

    private static async Task<int> WarmUpAsync(
        CellRunner runner,
        Target target,
        string operation,
        CancellationToken cancellationToken
    )
    {
        var (least, calm, requests, round) = (double.MaxValue, 0, 0L, 0);
        for (; round < MaxWarmUpRounds && (calm < CalmRounds || requests < WarmUpRequests); round++)
        {
            var sample = await runner.MeasureAsync(
                target,
                operation,
                1,
                WarmUpConnections,
                WarmUpSeconds,
                cancellationToken
            );
            requests += sample.Requests;
            calm = sample.CpuMicroseconds["target"] > least * Calm ? calm + 1 : 0;
            least = Math.Min(least, sample.CpuMicroseconds["target"]);
        }

        return round;
    }

    private static IEnumerable<(Target Target, string Operation, int Accounts, int Concurrency)> Plan(
        BenchOptions options,
        IReadOnlyList<Target> targets
    ) =>
        from operation in options.Operations
        from accounts in options.Accounts
        from concurrency in options.Concurrency
        from target in targets
        where accounts == 1 || target.ManyAccounts
        where
            accounts == options.Accounts[0]
            || !options.Quick
            || options.Concurrency.Count == 1
            || concurrency == QuickSpreadConcurrency
        select (target, operation, accounts, concurrency);

    private static async Task<IReadOnlyList<Target>> StartTargetsAsync(
        BenchOptions options,
        HttpClient http,
        string folder,
        SandboxRig sandbox,
        PostgresRig postgres,
        AsyncDisposables rigs,
        CancellationToken cancellationToken
    )
    {
        var targets = new List<Target>();
        foreach (var name in options.Targets)
        {
            switch (name)
            {
                case "direct":
                    targets.Add(
                        new Target(name, sandbox.Url, sandbox.ProcessId)
                        {
                            ManyAccounts = false,
                            Request = (operation, i) =>
                                Load.PreparedRequest.Direct(operation, sandbox.Grants[i].AccessToken),
                        }
                    );
                    break;
                case "floor":
                    var floor = rigs.Add(await StandInRig.StartFloorAsync(http, sandbox, cancellationToken));
                    targets.Add(
                        new Target(name, floor.Url, floor.ProcessId)
                        {
                            ManyAccounts = false,
                            Request = (operation, _) => Load.PreparedRequest.Direct(operation, ""),
                            CountersAsync = async ct => (await floor.AllocatedAsync(ct), null),
                        }
                    );
                    break;
                case "homegrown" or "homegrown-audit":
                    var homegrown = rigs.Add(
                        await StandInRig.StartHomegrownAsync(
                            http,
                            sandbox,
                            await postgres.CreateDatabaseAsync(name.Replace('-', '_'), cancellationToken),
                            "serve-" + name,
                            cancellationToken
                        )
                    );
                    targets.Add(
                        new Target(name, homegrown.Url, homegrown.ProcessId)
                        {
                            OnPostgres = true,
                            Request = (operation, i) =>
                                Load.PreparedRequest.Execute(
                                    operation,
                                    "/execute",
                                    homegrown.ApiKey,
                                    StandInRig.Organization,
                                    "user-" + i,
                                    "sandbox_"
                                ),
                            CountersAsync = async ct => (await homegrown.AllocatedAsync(ct), null),
                        }
                    );
                    break;
                default:
                    var against = name.EndsWith("-against", StringComparison.Ordinal) ? options.Against : null;
                    var database = name.StartsWith("postgres", StringComparison.Ordinal)
                        ? await postgres.CreateDatabaseAsync(against is null ? "vault" : "against", cancellationToken)
                        : null;
                    var vault = rigs.Add(
                        await VaultRig.StartAsync(
                            http,
                            Path.Combine(folder, name),
                            database,
                            sandbox,
                            cancellationToken,
                            against
                        )
                    );
                    targets.Add(
                        new Target(name, vault.Url, vault.ProcessId)
                        {
                            OnPostgres = database is not null,
                            Request = (operation, i) =>
                                Load.PreparedRequest.Execute(
                                    operation,
                                    "/v1/execute_tool",
                                    vault.Key,
                                    vault.Organization,
                                    "user-" + i,
                                    "sandbox_single_use_"
                                ),
                            CountersAsync = async ct =>
                                await vault.CountersAsync(ct) is var (allocated, rounds)
                                    ? (allocated, rounds)
                                    : default,
                        }
                    );
                    break;
            }
        }

        return targets;
    }
}
