namespace Vault.TestKit.Explorer;

/// <summary>
/// Exhaustive depth-first search over all interleavings of the hosts' steps and all faults, with the real refresher,
/// runner, revoker and lifecycle. To go back to a state, the search replays its schedule from the start: real code
/// cannot be copied in the middle of an await. Two schedules that lead to the same state (row, provider, clocks, the
/// inputs of each process) are continued once.
/// </summary>
public static class Search
{
    private const int MaxSchedule = 200;

    public static ExplorerReport Run(ExplorerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ExplorerReport? report = null;
        Exception? fault = null;

        // A separate thread: the synchronization context of a test runner would run continuations on other threads, and
        // a search must run on one thread.
        var thread = new Thread(
            () =>
            {
                try
                {
                    report = Explore(options);
                }
#pragma warning disable CA1031 // Rethrown by the caller of the thread.
                catch (Exception e)
                {
                    fault = e;
                }
#pragma warning restore CA1031
            },
            16 * 1024 * 1024
        )
        {
            IsBackground = true,
        };
        thread.Start();
        thread.Join();
        return report ?? throw new InvalidOperationException("The search itself failed.", fault);
    }

    private static ExplorerReport Explore(ExplorerOptions options)
    {
        using var scene = new Scene(options);
        var seen = new HashSet<UInt128>();
        var ends = new Dictionary<string, long>();
        var violations = new List<Violation>();
        var open = new Stack<Choice[]>();
        open.Push([]);
        long steps = 0;
        long schedules = 0;
        long useless = 0;
        while (
            open.TryPop(out var prefix)
            && seen.Count < options.MaxStates
            && !violations.Exists(v => v.Rule.Contains(options.StopAt, StringComparison.Ordinal))
        )
        {
            var path = new List<Choice>(prefix);
            var world = new World(options, scene, verbose: false);
            foreach (var choice in prefix)
                world.Do(choice);
            steps++;
            while (true)
            {
                if (world.Broken is { } rule)
                {
                    if (violations.Count < 20 && violations.Count(v => v.Rule == rule) < 3)
                        violations.Add(new Violation(rule, Replay(options, scene, path)));
                    break;
                }

                if (world.End is { } end)
                {
                    schedules++;
                    useless += world.UselessReplays;
                    ends[end] = ends.GetValueOrDefault(end) + 1;
                    break;
                }

                if (!seen.Add(world.Fingerprint()))
                    break;
                var choices = world.Choices();
                if (choices.Count == 0)
                    break;
                for (var i = choices.Count - 1; i > 0; i--)
                    open.Push([.. path, choices[i]]);
                path.Add(choices[0]);
                world.Do(choices[0]);
                steps++;
                if (path.Count > MaxSchedule)
                    world.Break("the schedule does not end");
            }
        }

        return new ExplorerReport(options, seen.Count, steps, schedules, open.Count == 0, ends, violations)
        {
            UselessReplays = useless,
        };
    }

    private static IReadOnlyList<string> Replay(ExplorerOptions options, Scene scene, IEnumerable<Choice> path)
    {
        var world = new World(options, scene, verbose: true);
        foreach (var choice in path)
            world.Do(choice);
        return world.Trace;
    }
}
