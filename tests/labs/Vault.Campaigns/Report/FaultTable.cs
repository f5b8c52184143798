using System.Text.Json;
using Vault.Campaigns.Faults;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Report;

/// <summary>Runs the faults of a store and tells them as a table.</summary>
internal static class FaultTable
{
    public static async Task<int> RunAsync(
        CampaignOptions options,
        LabOptions lab,
        TextWriter to,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        if (options.Postgres && !NetworkCut.IsPossible)
            await progress.WriteLineAsync(
                "the network between silos is not cut: that needs root and a network namespace of its own (ip, unshare)"
            );
        List<(LabOptions, IReadOnlyList<StoreFault>)> runs =
        [
            (lab, options.Postgres ? [.. PostgresFaults.All, .. ClusterFaults.All] : SqliteFaults.All),
        ];

        // A crowd takes its time; what a token endpoint may take is what it is in production.
        runs.Add(
            options.Postgres
                ? (ClusterDemands.Quiet(lab) with { Sweeps = false, FreshnessMs = 2_000 }, ClusterCrowds.All)
                : (lab with { Accounts = 1, Lanes = 0 }, SqliteFaults.Alone)
        );
        return await RunAsync(options, runs, to, progress, cancellationToken);
    }

    /// <summary>The demands on a cluster at full length.</summary>
    public static Task<int> RunLongAsync(
        CampaignOptions options,
        LabOptions lab,
        TextWriter to,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        var sizes = DemandSizes.Long(options.Rounds);
        List<(LabOptions, IReadOnlyList<StoreFault>)> runs =
        [
            (lab, ClusterDemands.UnderLoad(sizes)),
            (ClusterDemands.IdleLab(lab), ClusterDemands.Idle(sizes)),
            (ClusterDemands.SkewedLab(lab), ClusterDemands.Skewed(sizes)),
        ];
        return RunAsync(options, runs, to, progress, cancellationToken);
    }

    private static async Task<int> RunAsync(
        CampaignOptions options,
        IReadOnlyList<(LabOptions Setting, IReadOnlyList<StoreFault> Faults)> runs,
        TextWriter to,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        List<FaultReport> reports = [];
        foreach (var (setting, faults) in runs)
        {
            var chosen = faults
                .Where(f => options.Only is null || f.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase))
                .ToList();
            if (chosen.Count > 0)
                reports.Add(await FaultCampaign.RunAsync(setting, chosen, options.Seed, progress, cancellationToken));
        }

        foreach (var report in reports)
            Write(to, report);
        if (options.Json is { } file)
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(reports, Indented.Json), cancellationToken);
        return reports.All(r => r.IsGreen) ? 0 : 1;
    }

    private static void Write(TextWriter to, FaultReport report)
    {
        to.WriteLine();
        to.WriteLine(report.Setting);
        to.WriteLine();
        to.WriteLine("| fault | seen | executions | answers | refreshes | lost | all answer again after |");
        to.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var o in report.Outcomes)
        {
            var answers = string.Join(
                ", ",
                o.Answers.OrderByDescending(a => a.Value).Select(a => $"{a.Key} {a.Value}")
            );
            to.WriteLine(
                $"| {o.Name} | {o.Seen} | {o.Calls} | {answers} | {o.Refreshes} | {o.Lost} | {o.Recovered.TotalSeconds:0.0} s |"
            );
        }

        to.WriteLine();
        foreach (var o in report.Outcomes)
        foreach (var violation in o.Violations)
            to.WriteLine($"VIOLATION: {o.Name}: {violation}");
        to.WriteLine(
            report.IsGreen
                ? $"no grant was lost silently, ledger ({report.LedgerEntries} entries), account rows and provider agree after every fault"
                : $"RED: {report.Outcomes.Sum(o => o.Violations.Count)} violations"
        );
    }
}
