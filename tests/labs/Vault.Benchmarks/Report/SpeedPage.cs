using System.Globalization;
using System.Text;
using Vault.Benchmarks.Measure;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Report;

/// <summary>Writes the table of docs/speed.md and keeps the run it was made from in the folder of the bench.</summary>
internal static class SpeedPage
{
    private const string Begin = "<!-- bench:begin";
    private const string End = "<!-- bench:end -->";
    private const string Page = "docs/speed.md";
    private const string Folder = "tests/labs/Vault.Benchmarks";

    public static void Write(BenchRun run)
    {
        var page = Path.Combine(Checkout.Root, Page);
        var text = File.ReadAllText(page);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new BenchException($"{Page} has no lines '{Begin} … -->' and '{End}' for the table to go between.");
        var start = text.IndexOf('\n', begin) + 1;
        RunFile.Write(Path.Combine(Checkout.Root, Folder, "latest.json"), run);
        File.WriteAllText(Path.Combine(Checkout.Root, Folder, "latest.svg"), Chart.Draw(run));
        File.WriteAllText(page, text[..start] + Table(run) + text[end..]);
    }

    private static string Table(BenchRun run)
    {
        var columns = run
            .Cells.Where(c => c.Accounts == 1)
            .Select(c => (c.Operation, c.Concurrency))
            .Distinct()
            .ToList();
        var to = new StringBuilder();
        to.Append("| throughput, share of the floor's |")
            .AppendJoin(
                " |",
                columns.Select(c => $" {c.Operation}, {c.Concurrency.ToString(CultureInfo.InvariantCulture)} conn.")
            )
            .Append(" | CPU/request | allocated/request |\n");
        to.Append("|---|").Insert(to.Length, "---|", columns.Count + 2).Append('\n');
        foreach (var (target, accounts) in Ratios.Rows(run))
        {
            var cells = columns
                .Select(k =>
                    run.Cells.FirstOrDefault(c =>
                        (c.Target, c.Accounts, c.Operation, c.Concurrency)
                        == (target, accounts, k.Operation, k.Concurrency)
                    )
                )
                .ToList();
            var typical = cells.FirstOrDefault(c => c is { Operation: "read", Concurrency: 16 })
                ?? cells.First(c => c is not null)!;
            to.Append(CultureInfo.InvariantCulture, $"| {Ratios.Row(target, accounts)} |");
            foreach (var cell in cells)
                to.Append(
                    CultureInfo.InvariantCulture,
                    $" {(cell is null ? "" : Ratios.Text(Ratios.Throughput(run, "floor", cell)))} |"
                );
            var allocated = typical.Median(s => s.AllocatedBytes) is { } bytes
                ? (bytes / 1024).ToString("0.0", CultureInfo.InvariantCulture) + " KB"
                : "";
            to.Append(CultureInfo.InvariantCulture, $" {typical.CpuMicroseconds:0} µs | {allocated} |\n");
        }

        to.Append(
            CultureInfo.InvariantCulture,
            $"\n{run.Date:yyyy-MM-dd}, {run.Machine.Cores} cores of {run.Machine.Processor}, {run.Machine.Runtime}, PostgreSQL {run.Machine.PostgreSql}, commit {run.Commit}; "
        );
        to.Append(
            CultureInfo.InvariantCulture,
            $"{run.Repeats} × {run.SecondsPerCell} s per cell. Load generator, upstream, database and target share the cores; CPU and allocations are those of the target's own process (read, 16 connections)."
        );
        var others = run.Cells.SelectMany(c => c.Samples).Select(s => s.OthersShare).Order().ToList();
        if (others[others.Count / 2] > 0.1)
            to.Append(
                CultureInfo.InvariantCulture,
                $" **Provisional**: other processes took {others[others.Count / 2]:0%} of the machine meanwhile."
            );
        if (Ratios.Rows(run).Any(r => r.Target == "floor"))
        {
            var floors = run
                .Cells.Where(c => c is { Target: "floor", Operation: "read" })
                .Select(c =>
                    $"{c.Throughput.ToString("#,0", CultureInfo.InvariantCulture)}/s at {c.Concurrency.ToString(CultureInfo.InvariantCulture)}"
                );
            to.Append(" The floor itself, reads: ").AppendJoin(", ", floors).Append('.');
        }

        to.Append("\n\n![chart](../tests/labs/Vault.Benchmarks/latest.svg)\n");
        return to.ToString();
    }
}
