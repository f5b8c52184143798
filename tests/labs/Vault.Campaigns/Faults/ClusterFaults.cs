using System.Diagnostics;
using Vault.Campaigns.Lab;
using Vault.TestKit;

namespace Vault.Campaigns.Faults;

/// <summary>What happens to a cluster beside the death of a silo, which is the kill campaign's.</summary>
public static class ClusterFaults
{
    /// <summary>
    /// A silo that is cut off learns that it was evicted from the membership table, which it still reaches.
    /// </summary>
    private static readonly TimeSpan Eviction = TimeSpan.FromSeconds(30);

    public static readonly IReadOnlyList<StoreFault> All =
    [
        .. PostgresFaults.Outages,
        new("a silo frozen in the middle of a refresh for 10 s, past its lease and its membership", true, FrozenAsync),
        .. NetworkCut.IsPossible
            ? [new StoreFault("a silo cut off from the others, not from the database", true, CutOffAsync)]
            : Array.Empty<StoreFault>(),
        new("rolling restart of all silos", false, RollAsync),
        new("revoking and suspending under load, on changing silos", false, ClusterRevocations.RunAsync),
    ];

    private static async Task<string> FrozenAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var victim = world.Hosts[1];
        victim.Arm("reply_received", "STOP");
        await Eventually.UntilAsync(
            () => victim.Reached() is not null,
            victim.Tail,
            pause: HostProcess.Moment,
            cancellationToken: cancellationToken
        );
        await Task.Delay(world.Options.Frozen, cancellationToken);
        var ended = await victim.WakeAsync(cancellationToken);
        await victim.ReadyAsync(cancellationToken);
        return ended ? "woke up evicted, ended itself, was started again" : "woke up and went on";
    }

    private static async Task<string> CutOffAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var victim = world.Hosts[2];
        await NetworkCut.CutAsync(victim, cancellationToken);
        var watch = Stopwatch.StartNew();
        try
        {
            await Eventually.TryUntilAsync(
                () => Task.FromResult(world.Hosts.Any(h => h.HasExited)),
                ended => ended,
                Eviction,
                cancellationToken: cancellationToken
            );
        }
        finally
        {
            await NetworkCut.HealAsync(victim, CancellationToken.None);
        }

        var took = watch.Elapsed;
        var gone = world.Hosts.Where(h => h.HasExited).ToList();
        foreach (var silo in gone)
            silo.Start();
        foreach (var silo in gone)
            await silo.ReadyAsync(cancellationToken);
        if (gone is not [var one] || one != victim)
            world.Violations.Enqueue($"{gone.Count} silos ended, which should have been the one cut off");
        return $"{gone.Count} silo evicted and ended after {took.TotalSeconds:0.0} s, then started again";
    }

    /// <summary>
    /// One after the other leaves and comes back. As behind a load balancer, nobody is sent to a silo that has begun to
    /// leave; what it still works on, and what the others ask of it, counts.
    /// </summary>
    private static async Task<string> RollAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var leaving = -1;
        var (done, failed, clean) = (0, new System.Collections.Concurrent.ConcurrentBag<LabAnswer>(), 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var lanes = Enumerable
            .Range(0, 12)
            .Select(async lane =>
            {
                for (var i = lane; !stop.IsCancellationRequested; i++)
                {
                    var at = i % world.Hosts.Count;
                    if (at == Volatile.Read(ref leaving))
                        at = (at + 1) % world.Hosts.Count;
                    var answer = await world.ExecuteAsync(
                        at,
                        world.Accounts[i % world.Accounts.Count],
                        write: i % 3 == 0,
                        cancellationToken
                    );
                    Interlocked.Increment(ref done);
                    if (!answer.IsOk)
                        failed.Add(answer);
                }
            })
            .ToList();
        for (var i = 0; i < world.Hosts.Count; i++)
        {
            Volatile.Write(ref leaving, i);

            // Time for the load balancer to forget it before it stops listening, as the manifests give it.
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
            if (await world.Hosts[i].DrainAsync(cancellationToken) == 0)
                clean++;
            world.Hosts[i].Start();
            await world.Hosts[i].ReadyAsync(cancellationToken);
        }

        await stop.CancelAsync();
        await Task.WhenAll(lanes);
        foreach (var one in failed)
        {
            var record = one["execution_id"] is { } id
                ? await world.SendAsync(
                    0,
                    HttpMethod.Get,
                    $"/v1/executions/{id}?organization_id={world.Organization.Value}",
                    null,
                    cancellationToken
                )
                : LabAnswer.None;
            world.Violations.Enqueue(
                $"an execution failed: {one}; the ledger has it as {record["state"] ?? "never begun"} {record["outcome"]}"
            );
        }

        if (clean < world.Hosts.Count)
            world.Violations.Enqueue($"only {clean} of {world.Hosts.Count} silos left with code 0");
        return $"{failed.Count} of {done} executions failed while {clean} silos were replaced";
    }
}
