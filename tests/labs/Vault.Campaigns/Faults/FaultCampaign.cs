using System.Diagnostics;
using Vault.Campaigns.Lab;
using Vault.Core.Accounts;
using Vault.TestKit;

namespace Vault.Campaigns.Faults;

/// <summary>
/// Breaks the store under real hosts with accounts under load, one way after the other. After each: every account
/// answers again, no grant is lost (or, where a process died, it says so), every state change has its ledger entry, the
/// chain verifies, and every grant in the store is one that the provider still takes.
/// </summary>
public static class FaultCampaign
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    public static async Task<FaultReport> RunAsync(
        LabOptions options,
        IReadOnlyList<StoreFault> faults,
        int seed,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(progress);
        await using var world = await LabWorld.StartAsync(options, cancellationToken);
        await using var load = new Load(world, seed);
        List<FaultOutcome> outcomes = [];
        foreach (var fault in faults)
        {
            var outcome = await OneAsync(world, load, fault, cancellationToken);
            outcomes.Add(outcome);
            await progress.WriteLineAsync(
                $"{fault.Name}: {outcome.Seen}; {outcome.Lost} lost, all answer again after {outcome.Recovered.TotalSeconds:0.0} s, {outcome.Violations.Count} violations"
            );
        }

        return new FaultReport(
            options.ToString(),
            outcomes,
            (await world.VerifyLedgerAsync(cancellationToken)).Entries
        );
    }

    private static async Task<FaultOutcome> OneAsync(
        LabWorld world,
        Load load,
        StoreFault fault,
        CancellationToken cancellationToken
    )
    {
        var (calls, answers, refreshes) = (load.Calls, load.Answers.ToDictionary(), world.Sandbox.Counters.Refreshes);
        var seen = await fault.Do(world, cancellationToken);
        List<string> violations = [.. world.Violations];
        world.Violations.Clear();
        var (lost, recovered) = await SettleAsync(world, violations, cancellationToken);
        foreach (var account in lost)
        {
            var state = (await world.RowAsync(account, cancellationToken)).State;
            if (!fault.MayLose)
                violations.Add(
                    $"{account.User} is lost: {state.Status} {state.Reason}, last failure {state.LastFailure}"
                );
            else if (state.Reason != StatusReason.RefreshOutcomeLost)
                violations.Add($"{account.User} is lost and called {state.Reason}");
            if (!world.Sandbox.Grants.Get(account.Grant).Alive)
                violations.Add($"{account.User}: the provider killed the grant");
            await world.ConnectAsync(account, cancellationToken);
        }

        violations.AddRange(await Audit.RefreshEveryAccountAsync(world, cancellationToken));
        var ledger = await world.VerifyLedgerAsync(cancellationToken);
        if (ledger.First is { } broken)
            violations.Add($"the ledger does not verify: {broken.Fault} at {broken.FromSeq}: {broken.Detail}");
        violations.AddRange(await Audit.LedgerAgreesAsync(world, cancellationToken));
        var (atProvider, acknowledged) = (
            world.Sandbox.Counters.ApiCallsByPath.GetValueOrDefault("POST /api/items"),
            load.WritesAcknowledged.ToArray()
        );
        violations.AddRange(
            (await Audit.WritesAreInTheLedgerAsync(world, atProvider, acknowledged, cancellationToken)).Wrong
        );
        if (world.Sandbox.Counters.FamiliesKilled > 0)
            violations.Add("the provider killed a family");
        var now = load
            .Answers.Select(a => (a.Key, Value: a.Value - answers.GetValueOrDefault(a.Key)))
            .Where(a => a.Value > 0)
            .ToDictionary(a => a.Key, a => a.Value);
        return new FaultOutcome(
            fault.Name,
            seen,
            load.Calls - calls,
            now,
            world.Sandbox.Counters.Refreshes - refreshes,
            lost.Count,
            recovered,
            violations
        );
    }

    /// <summary>
    /// Until every account answers with data, or goes on saying that it is lost: a reply in a spool heals what another
    /// host has given up meanwhile.
    /// </summary>
    private static async Task<(IReadOnlyList<LabAccount> Lost, TimeSpan Recovered)> SettleAsync(
        LabWorld world,
        List<string> violations,
        CancellationToken cancellationToken
    )
    {
        var watch = Stopwatch.StartNew();
        var grace = world.Options.Lease * 3;
        var answers = await Task.WhenAll(
            world.Accounts.Select(async account =>
            {
                var i = 0;
                var wait = await Eventually.TryUntilAsync(
                    () => world.ExecuteAsync(i++ % world.Hosts.Count, account, write: false, cancellationToken),
                    answer => answer.IsOk || (answer.IsLost && watch.Elapsed > grace),
                    Timeout,
                    cancellationToken: cancellationToken
                );
                if (wait is { Met: true, Last.IsLost: true })
                    return (account, true, TimeSpan.Zero);
                if (!wait.Met)
                    violations.Add(
                        $"{account.User} does not answer {Timeout.TotalSeconds:0} s after the fault: {wait.Last}"
                    );
                return (account, false, watch.Elapsed);
            })
        );
        return ([.. answers.Where(a => a.Item2).Select(a => a.account)], answers.Max(a => a.Item3));
    }
}
