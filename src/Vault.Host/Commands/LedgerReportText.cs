using Vault.Core.Ledger;

namespace Vault.Host.Commands;

/// <summary>Prints a verification for an operator: the result first, then every finding with its location.</summary>
public static class LedgerReportText
{
    public static async Task WriteAsync(LedgerReport report, TextWriter to)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(to);
        var erased = report.Erased > 0 ? $", {report.Erased} of them with erased bodies" : "";
        await to.WriteLineAsync(
            $"{report.Organization}: {report.Entries} entries{erased}, head {report.Last.Seq}: "
                + $"{(report.IsIntact ? "intact" : report.FindingsTotal + " findings")}"
        );
        foreach (var finding in report.Findings)
            await to.WriteLineAsync("  " + finding);
        if (report.FindingsTotal > report.Findings.Count)
            await to.WriteLineAsync($"  and {report.FindingsTotal - report.Findings.Count} more");
    }
}
