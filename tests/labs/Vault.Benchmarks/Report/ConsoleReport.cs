using System.Globalization;
using Vault.Benchmarks.Measure;

namespace Vault.Benchmarks.Report;

/// <summary>The run on a terminal: ratios first, then what they are made of.</summary>
internal static class ConsoleReport
{
    public static void Write(TextWriter to, BenchRun run)
    {
        var machine = run.Machine;
        to.WriteLine();
        to.WriteLine(
            $"{run.Date:yyyy-MM-dd HH:mm} UTC, commit {run.Commit}: {machine.Cores} x {machine.Processor}, {machine.Runtime}, PostgreSQL {machine.PostgreSql}"
        );
        to.WriteLine(
            $"{run.Repeats} x {run.SecondsPerCell} s per cell; load generator, target, upstream and database share these cores; durable commits, ledger on"
        );
        var others = run.Cells.SelectMany(c => c.Samples).Select(s => s.OthersShare).Order().ToList();
        to.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"load before {machine.LoadBefore:0.0}; other processes took {others[others.Count / 2]:0%} of the machine in the median cell, {others[^1]:0%} in the worst"
            )
        );
        if (others[others.Count / 2] > 0.1)
            to.WriteLine("THE MACHINE WAS NOT QUIET: take the ratios with care and the absolute figures not at all");
        WriteRatios(to, run, "Throughput as a share of the floor's", c => Ratios.Throughput(run, "floor", c));
        WriteRatios(to, run, "Throughput as a share of direct calls", c => Ratios.Throughput(run, "direct", c));
        WriteRatios(to, run, "CPU per request in the process itself, as a multiple of the floor's", c =>
            Ratios.Cpu(run, c)
        );
        WriteRatios(to, run, "Share of the floor's throughput that the CPU of all parts allows", c =>
            Ratios.AllCpu(run, c)
        );
        WriteRatios(to, run, "Throughput as a multiple of the homegrown handler's with an audit row", c =>
            Ratios.Throughput(run, "homegrown-audit", c)
        );
        if (run.WarmUpRounds is { } rounds)
            to.WriteLine("Rounds until warm: " + string.Join(", ", rounds.Select(r => $"{r.Key} {r.Value}")));
        WriteCells(to, run);
        foreach (var wrong in run.Cells.Where(c => c.Errors > 0))
            to.WriteLine(
                $"ERRORS: {wrong.Name}: {wrong.Errors} requests failed; its figures are worthless, and docs/speed.md is left as it is"
            );
    }

    private static void WriteRatios(TextWriter to, BenchRun run, string title, Func<Cell, double?> ratio)
    {
        var columns = run.Cells.Select(c => (c.Operation, c.Concurrency)).Distinct().ToList();
        to.WriteLine();
        to.WriteLine(title);
        to.WriteLine(
            $"  {"", -40}"
                + string.Concat(
                    columns.Select(c =>
                        $"{c.Operation + " " + c.Concurrency.ToString(CultureInfo.InvariantCulture), 10}"
                    )
                )
        );
        foreach (var (target, accounts) in Ratios.Rows(run))
        {
            var cells = columns.Select(k =>
                run.Cells.FirstOrDefault(c =>
                    (c.Target, c.Accounts, c.Operation, c.Concurrency) == (target, accounts, k.Operation, k.Concurrency)
                )
            );
            to.WriteLine(
                $"  {Ratios.Row(target, accounts), -40}"
                    + string.Concat(cells.Select(c => $"{(c is null ? "" : Ratios.Text(ratio(c))), 10}"))
            );
        }
    }

    private static void WriteCells(TextWriter to, BenchRun run)
    {
        to.WriteLine();
        to.WriteLine(
            "Every cell: medians; latency in ms, CPU in microseconds per request, allocations in KB per request, commits and ledger transactions per request"
        );
        to.WriteLine(
            $"  {"target", -17}{"op", -6}{"acc", 5}{"conn", 5}{"req/s", 9}{"noise", 7}{"p50", 8}{"p95", 8}{"p99", 8}{"cpu", 7}{"upstr", 7}{"pg", 7}{"load", 7}{"alloc", 8}{"commits", 9}{"ledger", 8}"
        );
        foreach (var c in run.Cells)
        {
            to.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {c.Target, -17}{c.Operation, -6}{c.Accounts, 5}{c.Concurrency, 5}{c.Throughput, 9:0}{c.Noise, 7:0%}{c.Median(s => s.P50) / 1000, 8:0.00}{c.Median(s => s.P95) / 1000, 8:0.00}{c.Median(s => s.P99) / 1000, 8:0.00}{c.CpuMicroseconds, 7:0}{Cpu(c, "upstream"), 7:0}{Cpu(c, "postgres"), 7:0}{Cpu(c, "load"), 7:0}{Kilobytes(c), 8}{Count(c.Median(s => s.Commits)), 9}{Count(c.Median(s => s.LedgerRounds)), 8}"
                )
            );
        }

        WriteAgainst(to, run);
    }

    /// <summary>This checkout's vault beside the other one's, measured in turns: what a change costs.</summary>
    private static void WriteAgainst(TextWriter to, BenchRun run)
    {
        var pairs = run
            .Cells.Select(c =>
                (
                    Ours: c,
                    Theirs: run.Cells.FirstOrDefault(o =>
                        o.Target == c.Target + "-against"
                        && (o.Operation, o.Accounts, o.Concurrency) == (c.Operation, c.Accounts, c.Concurrency)
                    )
                )
            )
            .Where(p => p.Theirs is not null)
            .ToList();
        if (pairs.Count == 0)
            return;
        to.WriteLine();
        to.WriteLine("Ours beside the other checkout's, change of the median: throughput, p50, CPU per request");
        foreach (var (ours, theirs) in pairs)
        {
            string Change(double now, double before) =>
                ((now / before) - 1).ToString("+0%;-0%", CultureInfo.InvariantCulture);
            to.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {ours.Target, -10}{ours.Operation, -6}{ours.Accounts, 5}{ours.Concurrency, 5}{Change(ours.Throughput, theirs!.Throughput), 9}{Change(ours.Median(s => s.P50), theirs.Median(s => s.P50)), 9}{Change(ours.CpuMicroseconds, theirs.CpuMicroseconds), 9}"
                )
            );
        }
    }

    private static double Cpu(Cell cell, string process) => cell.Median(s => s.CpuMicroseconds[process]);

    private static string Kilobytes(Cell cell) =>
        cell.Median(s => s.AllocatedBytes) is { } bytes
            ? (bytes / 1024).ToString("0.0", CultureInfo.InvariantCulture)
            : "-";

    private static string Count(double? each) =>
        each is { } e ? e.ToString("0.000", CultureInfo.InvariantCulture) : "-";
}
