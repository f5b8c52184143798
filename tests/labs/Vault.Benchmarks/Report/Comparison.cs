using System.Globalization;
using Vault.Benchmarks.Measure;

namespace Vault.Benchmarks.Report;

/// <summary>What moved between two runs, beyond the noise of both.</summary>
internal static class Comparison
{
    /// <summary>
    /// Below this nothing is said, however quiet the repetitions were: two runs differ by more than two repetitions do.
    /// </summary>
    private const double MinNoise = 0.03;

    public static void Write(TextWriter to, BenchRun before, BenchRun after)
    {
        to.WriteLine();
        to.WriteLine($"Compared with {before.Date:yyyy-MM-dd HH:mm} UTC, commit {before.Commit}");
        var sameMachine =
            (before.Machine.Processor, before.Machine.Cores) == (after.Machine.Processor, after.Machine.Cores);
        if (!sameMachine)
            to.WriteLine("  another machine: only ratios to the floor and allocations are compared");
        var moved = 0;
        foreach (var now in after.Cells)
        {
            if (before.Cells.FirstOrDefault(now.Same) is not { } then)
                continue;
            var noise = Math.Max(MinNoise, then.Noise + now.Noise);
            if (sameMachine)
                moved += Tell(to, now, "requests/s", then.Throughput, now.Throughput, noise, moreIsBetter: true);
            var floors =
                (Ratios.Beside(before, "floor", then)?.Noise ?? 0) + (Ratios.Beside(after, "floor", now)?.Noise ?? 0);
            if (now.Target != "floor")
                moved += Tell(
                    to,
                    now,
                    "of the floor",
                    Ratios.Throughput(before, "floor", then),
                    Ratios.Throughput(after, "floor", now),
                    noise + floors,
                    moreIsBetter: true
                );
            if (sameMachine)
                moved += Tell(
                    to,
                    now,
                    "us of CPU",
                    then.CpuMicroseconds,
                    now.CpuMicroseconds,
                    Spread(then, now, s => s.CpuMicroseconds["target"]),
                    moreIsBetter: false
                );
            moved += Tell(
                to,
                now,
                "bytes allocated",
                then.Median(s => s.AllocatedBytes),
                now.Median(s => s.AllocatedBytes),
                Spread(then, now, s => s.AllocatedBytes ?? 0),
                moreIsBetter: false
            );
        }

        var (added, gone) = (
            after.Cells.Count(c => !before.Cells.Any(c.Same)),
            before.Cells.Count(c => !after.Cells.Any(c.Same))
        );
        if (added + gone > 0)
            to.WriteLine($"  not compared: {added} cells only in this run, {gone} only in the earlier one");
        if (moved == 0)
            to.WriteLine("  nothing moved beyond the noise");
    }

    private static int Tell(
        TextWriter to,
        Cell cell,
        string what,
        double? then,
        double? now,
        double noise,
        bool moreIsBetter
    )
    {
        if (then is not > 0 || now is null)
            return 0;
        var change = (now.Value / then.Value) - 1;
        if (Math.Abs(change) <= noise)
            return 0;
        to.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  {(change > 0 == moreIsBetter ? "better" : "WORSE "), -7}{cell.Name, -52} {what, -16} {Number(then.Value), 10} -> {Number(now.Value), -10} {change:+0%;-0%} (noise {noise:0%})"
            )
        );
        return 1;
    }

    private static double Spread(Cell then, Cell now, Func<Sample, double> of) =>
        Math.Max(MinNoise, Spread(then, of) + Spread(now, of));

    private static double Spread(Cell cell, Func<Sample, double> of) =>
        cell.Median(of) is > 0 and var median ? (cell.Samples.Max(of) - cell.Samples.Min(of)) / 2 / median : 0;

    private static string Number(double value) =>
        value.ToString(value < 10 ? "0.000" : "0", CultureInfo.InvariantCulture);
}
