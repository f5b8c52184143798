using System.Globalization;

namespace Vault.Benchmarks.Measure;

/// <summary>
/// CPU time from /proc, in seconds. The kernel counts in ticks of 10 ms, so a cell has to run for a second or more.
/// </summary>
internal static class ProcessTimes
{
    private const double TicksPerSecond = 100;

    /// <summary>User and system time of a process and of the children it has already waited for.</summary>
    public static double Of(int process) => Read(process) is { } stat ? (stat.Own + stat.Reaped) / TicksPerSecond : 0;

    /// <summary>The same of this process's ended children: wrk, when it has ended.</summary>
    public static double EndedChildren() => Read(Environment.ProcessId)!.Value.Reaped / TicksPerSecond;

    /// <summary>A server and every process it has started and not yet waited for.</summary>
    public static double OfTree(int parent)
    {
        var sum = Of(parent);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Read(id) is { } stat
                && stat.Parent == parent
            )
                sum += (stat.Own + stat.Reaped) / TicksPerSecond;
        }

        return sum;
    }

    public static int ParentOf(int process) =>
        Read(process)?.Parent
        ?? throw new BenchException(
            "The process of a PostgreSQL connection cannot be seen; the bench needs the server on this machine."
        );

    /// <summary>What all processors have worked since the machine started, for whomever.</summary>
    public static double Machine()
    {
        // proc(5): cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is part of user.
        var fields = File.ReadLines("/proc/stat")
            .First()
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(f => double.Parse(f, CultureInfo.InvariantCulture))
            .ToArray();
        return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / TicksPerSecond;
    }

    private static (int Parent, double Own, double Reaped)? Read(int process)
    {
        try
        {
            // proc(5): the name in parentheses may hold spaces; after it come state, ppid, ... utime is field 14,
            // cstime field 17.
            var text = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            double Field(int number) => double.Parse(fields[number - 3], CultureInfo.InvariantCulture);
            return ((int)Field(4), Field(14) + Field(15), Field(16) + Field(17));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
