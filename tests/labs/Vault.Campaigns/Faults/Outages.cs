using System.Diagnostics;
using System.Globalization;
using System.Net;
using Vault.Campaigns.Lab;
using Vault.TestKit;

namespace Vault.Campaigns.Faults;

/// <summary>The cluster goes on while something is missing or wrong.</summary>
internal static class Outages
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    /// <summary>A gateway owns no account, and has its part of the directory all the same. It is killed.</summary>
    public static async Task<string> LoseDirectoryAsync(
        LabWorld world,
        int accounts,
        TimeSpan quiet,
        CancellationToken cancellationToken
    )
    {
        using var gateway = world.NewHost("directory", world.Database, "--role", "gateway");
        gateway.Start();
        await gateway.ReadyAsync(cancellationToken);
        using var crowd = await Crowd.ConnectAsync(
            world,
            "directory",
            accounts,
            TimeSpan.FromHours(1),
            cancellationToken
        );
        await crowd.EachAsync(async (i, stop) => await AnswersAsync(i, stop), cancellationToken);

        await gateway.KillAsync(cancellationToken);
        var (killed, watch) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        var (slowest, refused) = (new double[accounts], 0);
        await crowd.EachAsync(
            async (i, stop) =>
            {
                var asked = watch.Elapsed;
                Interlocked.Add(ref refused, await AnswersAsync(i, stop));
                slowest[i] = (watch.Elapsed - asked).TotalSeconds;
            },
            cancellationToken
        );
        var all = watch.Elapsed;
        Array.Sort(slowest);
        if (quiet > TimeSpan.Zero)
        {
            await Task.Delay(quiet > watch.Elapsed ? quiet - watch.Elapsed : TimeSpan.Zero, cancellationToken);
            var late = world.Hosts.Sum(h => h.Warnings(killed + Settled, $":{gateway.SiloPort}"));
            if (late > 0)
                world.Violations.Enqueue($"{late} warnings of the dead silo {Settled.TotalSeconds:0} s after the kill");
        }

        return $"all {accounts:#,0} answered within {all.TotalSeconds:0.0} s of the kill, "
            + $"each after {slowest[accounts / 2]:0.00} s (p50), {slowest[^1]:0.0} s (max); {refused} refusals";

        // Answers how often it was refused before.
        async Task<int> AnswersAsync(int i, CancellationToken stop)
        {
            var looks = await Eventually.TryUntilAsync(
                () => crowd.ExecuteAsync(i, stop),
                a => a.Status == HttpStatusCode.OK,
                cancellationToken: stop
            );
            if (!looks.Met)
                world.Violations.Enqueue(
                    $"an account does not answer {looks.Took.TotalSeconds:0} s after the kill: {looks.Last.Code}"
                );
            return looks.Looks - 1;
        }
    }

    /// <summary>Without the store nobody is evicted, and nobody is answered as if it were there.</summary>
    public static async Task<string> LoseStoreAsync(LabWorld world, TimeSpan away, CancellationToken cancellationToken)
    {
        var before = await Membership.ActiveAsync(world.Database!, cancellationToken);
        var server = world.Server ?? throw new LabException("This demand needs PostgreSQL.");
        await server.CrashAsync(cancellationToken);
        Dictionary<string, int> answers = [];
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < away; )
        {
            for (var host = 0; host < world.Hosts.Count; host++)
            {
                var answer = await world.ExecuteAsync(
                    host,
                    world.Accounts[answers.Values.Sum() % world.Accounts.Count],
                    write: false,
                    cancellationToken
                );
                var code = answer.Code ?? answer.Status.ToString(CultureInfo.InvariantCulture);
                answers[code] = answers.GetValueOrDefault(code) + 1;
            }
        }

        await server.StartAgainAsync(cancellationToken);
        if (answers.Keys.Any(c => c != "store_unavailable"))
            world.Violations.Enqueue("without the store, executions were answered " + Summary());
        await Eventually.UntilAsync(
            () => world.ExecuteAsync(0, world.Accounts[0], write: false, cancellationToken),
            a => a.IsOk,
            cancellationToken: cancellationToken
        );
        var after = await Membership.ActiveAsync(world.Database!, cancellationToken);
        if (!after.Order().SequenceEqual(before.Order()))
            world.Violations.Enqueue(
                $"the members were {string.Join(", ", before)}, and are {string.Join(", ", after)}"
            );
        if (world.Hosts.Count(h => h.HasExited) is > 0 and var gone)
            world.Violations.Enqueue($"{gone} silos ended");
        return $"{before.Count} members before and after; meanwhile {Summary()}";

        string Summary() => string.Join(", ", answers.Select(a => $"{a.Key} {a.Value}"));
    }

    /// <summary>Clocks that are wrong by as much as the options allow.</summary>
    public static async Task<string> SkewClocksAsync(LabWorld world, TimeSpan time, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 2; i++)
        {
            foreach (var (name, value) in FalseClock.Variables(i == 0 ? -90 : 90))
                world.Hosts[i].Environment[name] = value;
            await RestartAsync(world.Hosts[i]);
        }

        var before = world.Sandbox.Counters.Refreshes;
        await Task.Delay(time, cancellationToken);
        var (refreshes, replays) = (world.Sandbox.Counters.Refreshes - before, world.Sandbox.Counters.RefreshReplays);
        var members = await Membership.ActiveAsync(world.Database!, cancellationToken);
        if (members.Count != world.Hosts.Count)
            world.Violations.Enqueue($"{members.Count} of {world.Hosts.Count} silos are active");
        if (replays > 0)
            world.Violations.Enqueue($"{replays} replays");
        for (var i = 0; i < 2; i++)
        {
            world.Hosts[i].Environment.Clear();
            await RestartAsync(world.Hosts[i]);
        }

        return $"{refreshes} refreshes in {time.TotalSeconds:0} s, {replays} replays, {members.Count} members";

        async Task RestartAsync(HostProcess host)
        {
            await host.DrainAsync(cancellationToken);
            host.Start();
            await host.ReadyAsync(cancellationToken);
        }
    }
}
