namespace Vault.Benchmarks.Measure;

/// <summary>Where and what was measured. No host name: figures are published.</summary>
internal sealed record BenchRun
{
    public int Format { get; init; } = 1;

    public required DateTimeOffset Date { get; init; }

    public required string Commit { get; init; }

    public required MachineFacts Machine { get; init; }

    public required int SecondsPerCell { get; init; }

    public required int Repeats { get; init; }

    /// <summary>
    /// Rounds of load until a request cost no less CPU than before, by target and operation: before that the compiler
    /// is at work.
    /// </summary>
    public IReadOnlyDictionary<string, int>? WarmUpRounds { get; init; }

    public required IReadOnlyList<Cell> Cells { get; init; }
}

/// <param name="LoadBefore">The load average of the last minute when the run began: above the number of cores somebody
/// else was at work.</param>
internal sealed record MachineFacts(
    int Cores,
    string Processor,
    string Runtime,
    string Kernel,
    string PostgreSql,
    double LoadBefore
);

/// <summary>One target under one load, measured several times.</summary>
internal sealed record Cell(
    string Target,
    string Operation,
    int Accounts,
    int Concurrency,
    IReadOnlyList<Sample> Samples
)
{
    public double Throughput => Median(s => s.PerSecond);

    /// <summary>
    /// Half the distance between the best and the worst repetition, as a share of the median: the noise.
    /// </summary>
    public double Noise =>
        Samples.Count < 2 ? 0 : (Samples.Max(s => s.PerSecond) - Samples.Min(s => s.PerSecond)) / 2 / Throughput;

    public double Errors => Samples.Sum(s => s.Errors);

    public double CpuMicroseconds => Median(s => s.CpuMicroseconds["target"]);

    /// <summary>Of all parts: target, upstream, database, load generator.</summary>
    public double AllCpuMicroseconds => Median(s => s.CpuMicroseconds.Values.Sum());

    public string Name =>
        $"{Target} {Operation}, {Accounts} account{(Accounts == 1 ? "" : "s")}, {Concurrency} connection{(Concurrency == 1 ? "" : "s")}";

    public bool Same(Cell other) =>
        (Target, Operation, Accounts, Concurrency)
        == (other.Target, other.Operation, other.Accounts, other.Concurrency);

    public double Median(Func<Sample, double> of)
    {
        var sorted = Samples.Select(of).Order().ToList();
        return sorted.Count % 2 == 1
            ? sorted[sorted.Count / 2]
            : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    public double? Median(Func<Sample, double?> of) =>
        Samples.All(s => of(s) is not null) ? Median(s => of(s)!.Value) : null;
}

/// <summary>One repetition.</summary>
/// <param name="CpuMicroseconds">Per request, by process: <c>target</c>, <c>upstream</c>, <c>postgres</c>, <c>load</c>
/// (the generator).</param>
/// <param name="AllocatedBytes">Per request, in the target; null where it does not say.</param>
/// <param name="Commits">Transactions that wrote, per request, in PostgreSQL; null without one.</param>
/// <param name="LedgerRounds">Transactions of the ledger, per request.</param>
/// <param name="OthersShare">Share of the machine's processors that was used by processes the bench did not
/// start.</param>
internal sealed record Sample(
    double PerSecond,
    double P50,
    double P95,
    double P99,
    double Longest,
    IReadOnlyDictionary<string, double> CpuMicroseconds,
    double? AllocatedBytes,
    double? Commits,
    double? LedgerRounds,
    double OthersShare,
    long Requests,
    long Errors
);
