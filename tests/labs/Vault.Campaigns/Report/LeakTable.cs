using System.Text.Json;
using Vault.Campaigns.Lab;
using Vault.Campaigns.Leaks;

namespace Vault.Campaigns.Report;

/// <summary>Runs the search for credentials and tells every place.</summary>
internal static class LeakTable
{
    public static async Task<int> RunAsync(
        CampaignOptions options,
        LabOptions lab,
        TextWriter to,
        CancellationToken cancellationToken
    )
    {
        var report = await LeakCampaign.RunAsync(lab with { Hosts = 1, Accounts = 8 }, quick: false, cancellationToken);
        to.WriteLine();
        to.WriteLine(report.Setting);
        to.WriteLine();
        to.WriteLine("| place | bytes searched | credentials found | planted leak found, forms |");
        to.WriteLine("|---|---|---|---|");
        foreach (var place in report.Places)
            to.WriteLine(
                $"| {place.Name} | {place.Bytes} | {place.Hits.Count} | {place.PlantedFound} of {report.Forms} |"
            );
        to.WriteLine();
        foreach (var violation in report.Violations)
            to.WriteLine("VIOLATION: " + violation);
        to.WriteLine(
            report.IsGreen
                ? $"{report.Places.Count} places, 0 credentials in the clear, a planted leak found in each"
                : $"RED: {report.Violations.Count} violations"
        );
        if (options.Json is { } file)
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, Indented.Json), cancellationToken);
        return report.IsGreen ? 0 : 1;
    }
}
