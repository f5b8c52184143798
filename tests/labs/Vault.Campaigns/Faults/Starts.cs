using System.Diagnostics;
using System.Globalization;
using Vault.Campaigns.Lab;
using Vault.TestKit;

namespace Vault.Campaigns.Faults;

/// <summary>Silos that start: often, many at once, and late.</summary>
internal static class Starts
{
    /// <summary>Dead rows that Orleans leaves in the membership table.</summary>
    private const int MaxDeadRows = 25;

    /// <summary>One silo again and again: the membership table does not grow, no start becomes slower.</summary>
    public static async Task<string> RestartAsync(LabWorld world, int restarts, CancellationToken cancellationToken)
    {
        var (host, starts) = (world.Hosts[^1], new double[restarts]);
        for (var i = 0; i < restarts; i++)
        {
            // Every second one dies without leaving.
            if (i % 2 == 0)
                await host.DrainAsync(cancellationToken);
            else
                await host.KillAsync(cancellationToken);
            var watch = Stopwatch.StartNew();
            host.Start();
            await host.ReadyAsync(cancellationToken);
            starts[i] = watch.Elapsed.TotalSeconds;
        }

        var most = MaxDeadRows + world.Hosts.Count;
        var rows = await Eventually.TryUntilAsync(
            () => Membership.RowsAsync(world.Database!, cancellationToken),
            r => r <= most,
            cancellationToken: cancellationToken
        );
        if (!rows.Met)
            world.Violations.Enqueue($"{rows.Last} membership rows after {restarts} restarts");
        var some = Math.Min(10, restarts);
        var (first, last) = (Median(starts[..some]), Median(starts[^some..]));
        if (restarts >= 2 * some && last > 2 * first)
            world.Violations.Enqueue($"a start took {first:0.0} s at the beginning and {last:0.0} s at the end");
        return $"{rows.Last} membership rows; a start takes {first:0.0} s at the beginning, {last:0.0} s at the end";
    }

    /// <summary>Each time on an empty database: they make its schema, first key and first members together.</summary>
    public static async Task<string> StartTogetherAsync(
        LabWorld world,
        int silos,
        int times,
        CancellationToken cancellationToken
    )
    {
        var slowest = TimeSpan.Zero;
        for (var round = 0; round < times; round++)
        {
            var database = await world.Server!.CreateDatabaseAsync(
                string.Create(CultureInfo.InvariantCulture, $"starts_{round}"),
                cancellationToken
            );
            var hosts = Enumerable
                .Range(0, silos)
                .Select(i =>
                    world.NewHost(
                        string.Create(CultureInfo.InvariantCulture, $"starts{round}-{i}"),
                        database + ";Maximum Pool Size=8"
                    )
                )
                .ToList();
            try
            {
                var watch = Stopwatch.StartNew();
                foreach (var host in hosts)
                    host.Start();
                await Task.WhenAll(hosts.Select(h => h.ReadyAsync(cancellationToken)));
                if (watch.Elapsed > slowest)
                    slowest = watch.Elapsed;
                var members = await Membership.ActiveAsync(database, cancellationToken);
                if (members.Count != silos)
                    world.Violations.Enqueue(
                        $"{members.Count} of {silos} silos are active: {string.Join(", ", members)}"
                    );
                await Eventually.UntilAsync(
                    () => hosts.Any(h => h.FirstKey is not null),
                    () => "no silo has shown the administrator's key",
                    cancellationToken: cancellationToken
                );
                if (hosts.Count(h => h.FirstKey is not null) is not 1 and var keys)
                    world.Violations.Enqueue($"{keys} silos showed a first administrator's key");
            }
            finally
            {
                foreach (var host in hosts)
                    host.Dispose();
            }
        }

        return $"{silos} silos active and ready, {times} times, after {slowest.TotalSeconds:0.0} s at most";
    }

    /// <summary>What became due while no silo ran is refreshed once by the first one that starts.</summary>
    public static async Task<string> StartColdAsync(LabWorld world, int due, CancellationToken cancellationToken)
    {
        // Time enough to connect them all; nobody looks for them before.
        using var crowd = await Crowd.ConnectAsync(
            world,
            "due",
            due,
            TimeSpan.FromSeconds(10 + (due / 50)),
            cancellationToken
        );
        foreach (var host in world.Hosts)
            await host.KillAsync(cancellationToken);
        var early = crowd.Grants.Sum(g => g.Refreshes);
        await Eventually.UntilAsync(
            async () => await world.Store.Accounts.CountDueAsync(DateTimeOffset.UtcNow, cancellationToken),
            n => n >= due,
            within: TimeSpan.FromMinutes(30),
            cancellationToken: cancellationToken
        );

        var cold = world.Hosts[0];
        cold.MoreOptions.AddRange(["--sweep-interval-ms", "200"]);
        var (before, watch) = (world.Sandbox.Counters.Refreshes, Stopwatch.StartNew());
        cold.Start();
        await RefreshedAsync(1);
        var first = watch.Elapsed;
        await RefreshedAsync(due);
        await Eventually.UntilAsync(
            () => crowd.Grants.All(g => g.Refreshes > 0),
            cold.Tail,
            cancellationToken: cancellationToken
        );
        var took = watch.Elapsed;
        var peak = await PeakMemoryAsync(cold.Id, cancellationToken);
        foreach (var host in world.Hosts.Skip(1))
            host.Start();
        foreach (var host in world.Hosts)
            await host.ReadyAsync(cancellationToken);

        var grants = crowd.Grants;
        if (early > 0)
            world.Violations.Enqueue($"{early} were refreshed before");
        if (grants.Count(g => g.Refreshes != 1) is > 0 and var often)
            world.Violations.Enqueue($"{often} were refreshed more than once");
        if (grants.Sum(g => g.RefreshReplays) is > 0 and var replays)
            world.Violations.Enqueue($"{replays} replays");
        return $"the first refreshed {first.TotalSeconds:0.0} s after the start of the process, "
            + $"all {took.TotalSeconds:0.0} s after; at most {peak} MB resident";

        Task RefreshedAsync(int some) =>
            Eventually.UntilAsync(
                () => world.Sandbox.Counters.Refreshes - before >= some,
                cold.Tail,
                TimeSpan.FromMinutes(30),
                cancellationToken: cancellationToken
            );
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static async Task<long> PeakMemoryAsync(int process, CancellationToken cancellationToken)
    {
        var lines = await File.ReadAllLinesAsync(
            $"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status",
            cancellationToken
        );
        var peak = lines
            .First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(peak, CultureInfo.InvariantCulture) / 1_024;
    }
}
