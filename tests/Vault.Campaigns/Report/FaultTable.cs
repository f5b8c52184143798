using System.Text.Json;
using Vault.Campaigns.Faults;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Report;

/// <summary>Runs the faults of a store and tells them as a table.</summary>
internal static class FaultTable
{
    public static async Task<int> RunAsync(CampaignOptions options, LabOptions lab, TextWriter to, TextWriter progress, CancellationToken cancellationToken)
    {
        if (options.Silo && !NetworkCut.IsPossible) await progress.WriteLineAsync("the network between silos is not cut: that needs root and a network namespace of its own (ip, unshare)");
        List<FaultReport> reports = [await FaultCampaign.RunAsync(lab, options.Silo ? ClusterFaults.All : options.Postgres ? PostgresFaults.All : SqliteFaults.All, options.Seed, progress, cancellationToken)];
        if (!options.Postgres) reports.Add(await FaultCampaign.RunAsync(lab with { Accounts = 1, Lanes = 0 }, SqliteFaults.Alone, options.Seed, progress, cancellationToken));
        if (options.Silo) reports.Add(await FaultCampaign.RunAsync(lab with { Accounts = 1, Lanes = 0, TokenDelayMs = 0, Sweeps = false, AccessTokenSeconds = 3_600 }, ClusterCrowds.All, options.Seed, progress, cancellationToken));
        foreach (var report in reports) Write(to, report);
        if (options.Json is { } file) await File.WriteAllTextAsync(file, JsonSerializer.Serialize(reports, Indented.Json), cancellationToken);
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
            var answers = string.Join(", ", o.Answers.OrderByDescending(a => a.Value).Select(a => $"{a.Key} {a.Value}"));
            to.WriteLine($"| {o.Name} | {o.Seen} | {o.Calls} | {answers} | {o.Refreshes} | {o.Lost} | {o.Recovered.TotalSeconds:0.0} s |");
        }

        to.WriteLine();
        foreach (var o in report.Outcomes)
            foreach (var violation in o.Violations) to.WriteLine($"VIOLATION: {o.Name}: {violation}");
        to.WriteLine(report.IsGreen
            ? $"no grant was lost silently, ledger ({report.LedgerEntries} entries), account rows and provider agree after every fault"
            : $"RED: {report.Outcomes.Sum(o => o.Violations.Count)} violations");
    }
}
