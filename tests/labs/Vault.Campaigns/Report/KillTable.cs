using Vault.Campaigns.Kill;

namespace Vault.Campaigns.Report;

/// <summary>The campaign's table: a line per point, a line for all.</summary>
internal static class KillTable
{
    public static void Write(TextWriter to, KillReport report)
    {
        to.WriteLine();
        to.WriteLine(report.Setting);
        to.WriteLine(
            $"seed {report.Seed}, {report.Kills} kills and {report.Freezes} freezes in {report.Took.TotalMinutes:0.0} min under {report.Calls} executions"
        );
        to.WriteLine();
        to.WriteLine(
            "| point | kills | freezes | refreshes | replays | lost | rotated, reply in no store | of these in the victim's hand | provider never asked | labelled | usable again, p50 | max | of it until the victim is ready, p50 |"
        );
        to.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var point in Strike.Points.Append("random moment"))
            Line(to, point, [.. report.Rounds.Where(r => r.Point == point)]);
        Line(to, "**all**", report.Rounds);
        to.WriteLine();
        to.WriteLine(
            $"writes: {report.WritesAtProvider} seen by the provider, {report.WritesAcknowledged} answered as done, of these {report.WritesWithoutEnd} without their second entry; healed by a host that woke up: {report.Healed}; ledger: {report.LedgerEntries} entries, families killed: {report.FamiliesKilled}, replays outside a grace window: {report.ReplaysOutsideGrace}"
        );
        to.WriteLine(
            "answers under fire: "
                + string.Join(", ", report.Answers.OrderByDescending(a => a.Value).Select(a => $"{a.Key} {a.Value}"))
        );
        var others = report
            .Rounds.Where(r => r.Others is not null)
            .ToLookup(r => r.Freeze, r => r.Others!.Value.TotalSeconds);
        foreach (var times in others)
            to.WriteLine(
                $"accounts that the struck silo was not refreshing, answered through the others after a {(times.Key ? "freeze" : "kill")}: p50 {times.Order().ElementAt(times.Count() / 2):0.0} s, max {times.Max():0.0} s"
            );
        if (report.EndedThemselves > 0)
            to.WriteLine($"{report.EndedThemselves} silos woke up evicted, ended themselves and were started again");
        if (report.LostAfterWindow > 0)
            to.WriteLine(
                $"{report.LostAfterWindow} of the lost grants had a grace window of 30 s, but no host was back within it"
            );
        if (report.TimedOut > 0)
            to.WriteLine(
                $"{report.TimedOut} of the lost grants were being refreshed by a host that lived and had no answer of the token endpoint in time"
            );
        foreach (var violation in report.Violations)
            to.WriteLine("VIOLATION: " + violation);
        to.WriteLine(
            report.IsGreen
                ? "no grant was lost silently, none was mislabelled, the ledger verifies"
                : $"RED: {report.Violations.Count} violations"
        );
    }

    private static void Line(TextWriter to, string name, IReadOnlyList<KillRound> rounds)
    {
        if (rounds.Count == 0)
            return;
        var losses = rounds.SelectMany(r => r.Losses).ToList();
        var times = rounds.Select(r => r.Recovered.TotalSeconds).Order().ToList();
        to.WriteLine(
            $"| {name} | {rounds.Count(r => !r.Freeze)} | {rounds.Count(r => r.Freeze)} | {rounds.Sum(r => r.Refreshes)} | {rounds.Sum(r => r.Replays)} | {losses.Count} "
                + $"| {losses.Count(l => l.Sent)} | {losses.Count(l => l is { Sent: true, InHand: true })} | {losses.Count(l => !l.Sent)} | {losses.Count(l => l.Labelled)} | {times[times.Count / 2]:0.0} s | {times[^1]:0.0} s | {rounds.Select(r => r.VictimReady.TotalSeconds).Order().ElementAt(rounds.Count / 2):0.0} s |"
        );
    }
}
