using System.Globalization;

namespace Vault.Simulation;

/// <summary>What the command does, and what it prints.</summary>
internal static class Runs
{
    public static async Task<int> RunAsync(SimulateOptions options)
    {
        using var scene = new Scene();
        if (options.Replay is { } replay)
        {
            var world = await Campaign.PlayAsync(scene, replay, options.Bug, verbose: true);
            foreach (var line in world.Told)
                Console.WriteLine(line);
            Console.WriteLine(world.Broken is null ? "every promise held" : "BROKEN: " + world.Broken);
            return world.Broken is null ? 0 : 1;
        }

        return options.Bug == Bug.None ? await HonestAsync(scene, options)
            : await BuggyAsync(scene, options, tell: true) ? 0
            : 1;
    }

    public static async Task<int> AllBugsAsync()
    {
        using var scene = new Scene();
        var found = 0;
        foreach (var (bug, _, _) in Bugs.All)
            if (await BuggyAsync(scene, new SimulateOptions(0, 1, bug, null, null, false), tell: false))
                found++;
        Console.WriteLine($"{found} of {Bugs.All.Count} found");
        return found == Bugs.All.Count ? 0 : 1;
    }

    private static async Task<int> HonestAsync(Scene scene, SimulateOptions options)
    {
        var most =
            options.Schedules > 0 ? options.Schedules
            : options.Limit is null ? 100_000
            : long.MaxValue;
        var report = await Campaign.RunAsync(scene, options.Seed, most, options.Limit, Bug.None, (done, elapsed) =>
            Console.Error.WriteLine($"{N(done)} schedules in {elapsed.TotalSeconds:0} s")
        );
        Print(report);
        if (report.Failure is null)
            return 0;
        Fail(report.Failure, "");
        return 1;
    }

    private static async Task<bool> BuggyAsync(Scene scene, SimulateOptions options, bool tell)
    {
        var report = await Campaign.RunAsync(
            scene,
            options.Seed,
            options.Schedules > 0 ? options.Schedules : long.MaxValue,
            options.Limit ?? TimeSpan.FromMinutes(1),
            options.Bug,
            null
        );
        var name = Bugs.Name(options.Bug);
        if (report.Failure is null)
        {
            Console.WriteLine(
                $"{name, -22} NOT found in {N(report.Schedules)} schedules, {report.Elapsed.TotalSeconds:0.0} s"
            );
            return false;
        }

        if (tell)
            Fail(report.Failure, " --bug " + name);
        Console.WriteLine(
            $"{name, -22} found after {N(report.Schedules)} schedules, {report.Elapsed.TotalSeconds:0.00} s: {report.Failure.Broken}"
        );
        return true;
    }

    private static void Print(CampaignReport report)
    {
        foreach (var (end, count) in report.Ends)
            Console.WriteLine($"{N(count), 12}  {end}");
        Console.WriteLine(
            $"{N(report.Schedules)} schedules, {N(report.Steps)} steps, {report.Elapsed.TotalSeconds:0.0} s, {report.Elapsed.TotalMicroseconds / Math.Max(1, report.Schedules):0} µs each; "
                + (report.Failure is null ? "0 promises broken" : "1 promise broken")
        );
        Console.WriteLine(
            $"tokens presented again whose grant was lost before: {N(report.UselessReplays)}; while a process slept past the horizon with the response: {N(report.SleepersReplays)}"
        );
    }

    private static void Fail(World world, string bug)
    {
        foreach (var line in world.Told)
            Console.WriteLine(line);
        Console.WriteLine($"BROKEN: {world.Broken}\nagain: ./scripts/simulate --replay {world.Seed}{bug}");
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
