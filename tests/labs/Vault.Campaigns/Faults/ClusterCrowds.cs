using System.Diagnostics;
using System.Net;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>Nothing is broken; only many come at once, through all gateways. Counted at the provider.</summary>
public static class ClusterCrowds
{
    public static readonly IReadOnlyList<StoreFault> All =
    [
        new("200 executions at once on one expired account", false, (world, stop) =>
            ExpiredAsync(world, "storm", 1, 200, stop)
        ),
        new("1,000 accounts expire at once, one execution each", false, (world, stop) =>
            ExpiredAsync(world, "crowd", 1_000, 1_000, stop)
        ),
    ];

    private static async Task<string> ExpiredAsync(
        LabWorld world,
        string prefix,
        int accounts,
        int executions,
        CancellationToken cancellationToken
    )
    {
        using var crowd = await Crowd.ConnectAsync(
            world,
            prefix,
            accounts,
            TimeSpan.FromMinutes(-1),
            cancellationToken
        );
        var before = crowd.Grants.Sum(g => g.Refreshes);
        var watch = Stopwatch.StartNew();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, executions).Select(i => crowd.ExecuteAsync(i, cancellationToken))
        );
        var took = watch.Elapsed;
        var after = crowd.Grants;
        var (refreshes, replays) = (after.Sum(g => g.Refreshes), after.Sum(g => g.RefreshReplays));
        foreach (var kind in answers.Where(a => a.Status != HttpStatusCode.OK).GroupBy(a => (a.Status, a.Code)))
            world.Violations.Enqueue($"{kind.Count()} executions were answered {(int)kind.Key.Status} {kind.Key.Code}");
        if (refreshes != accounts || after.Any(g => g.Refreshes != 1))
            world.Violations.Enqueue($"{refreshes} refreshes of {accounts} accounts");
        if (replays != 0)
            world.Violations.Enqueue($"{replays} replays");
        var done = answers.Count(a => a.Status == HttpStatusCode.OK);
        return $"{done} of {executions} answered with data in {took.TotalSeconds:0.0} s, "
            + $"{refreshes} refreshes ({before} before the first call), {replays} replays";
    }
}
