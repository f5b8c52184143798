using System.Globalization;
using Vault.Benchmarks.Measure;

namespace Vault.Benchmarks.Report;

/// <summary>
/// Cells beside the floor's and the direct cell of the same operation and concurrency: ratios outlive a machine,
/// absolute figures do not.
/// </summary>
internal static class Ratios
{
    public static readonly IReadOnlyDictionary<string, string> Names = new Dictionary<string, string>
    {
        ["direct"] = "direct, no proxy",
        ["floor"] = "floor: bare reverse proxy",
        ["homegrown"] = "homegrown handler, no record",
        ["homegrown-audit"] = "homegrown handler, an audit row a call",
        ["sqlite-against"] = "the other checkout's vault on SQLite",
        ["sqlite"] = "vault on SQLite",
        ["postgres-against"] = "the other checkout's vault on PostgreSQL",
        ["postgres"] = "vault on PostgreSQL",
    };

    public static Cell? Beside(BenchRun run, string target, Cell cell) =>
        run.Cells.FirstOrDefault(c =>
            c.Target == target && c.Operation == cell.Operation && c.Concurrency == cell.Concurrency && c.Accounts == 1
        );

    public static double? Throughput(BenchRun run, string target, Cell cell) =>
        Beside(run, target, cell) is { } other ? cell.Throughput / other.Throughput : null;

    public static double? Cpu(BenchRun run, Cell cell) =>
        Beside(run, "floor", cell) is { CpuMicroseconds: > 0 } floor
            ? cell.CpuMicroseconds / floor.CpuMicroseconds
            : null;

    /// <summary>
    /// The share of the floor's throughput that the CPU of all parts together allows: target, upstream, database and
    /// load generator share the cores. It repeats better than the throughput itself.
    /// </summary>
    public static double? AllCpu(BenchRun run, Cell cell) =>
        Beside(run, "floor", cell) is { } floor && cell.AllCpuMicroseconds > 0
            ? floor.AllCpuMicroseconds / cell.AllCpuMicroseconds
            : null;

    public static string Text(double? ratio) =>
        ratio is { } r ? r.ToString(r < 0.095 ? "0.000" : "0.00", CultureInfo.InvariantCulture) : "-";

    public static string Row(string target, int accounts) =>
        Names[target] + (accounts == 1 ? "" : $", {accounts.ToString("#,0", CultureInfo.InvariantCulture)} accounts");

    /// <summary>Rows in the order they are told, once each.</summary>
    public static IEnumerable<(string Target, int Accounts)> Rows(BenchRun run) =>
        run
            .Cells.Select(c => (c.Target, c.Accounts))
            .Distinct()
            .OrderBy(r => r.Accounts)
            .ThenBy(r => BenchOptions.AllTargets.ToList().IndexOf(r.Target));
}
