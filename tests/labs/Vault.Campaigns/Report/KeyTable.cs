using System.Text.Json;
using Vault.Campaigns.Keys;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Report;

/// <summary>Runs the campaign of the keys and tells it.</summary>
internal static class KeyTable
{
    public static async Task<int> RunAsync(
        CampaignOptions options,
        LabOptions lab,
        TextWriter to,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        var report = await KeyCampaign.RunAsync(
            lab with
            {
                Postgres = false,
                Hosts = 1,
                Accounts = 8,
                Lanes = 3,
            },
            options.Rounds,
            400,
            120,
            options.Seed,
            progress,
            cancellationToken
        );
        to.WriteLine();
        to.WriteLine(report.Setting);
        to.WriteLine(
            $"rotations: {report.Rotations}, {report.RotationsCut} cut in the middle by a kill and finished by the next process, {report.RowsResealed} rows sealed again in those"
        );
        to.WriteLine(
            $"master re-wrap: {report.KeysRewrapped} keys in {report.Rewraps} runs, {report.RewrapsCut} of them killed in the middle; then the old master key was deleted"
        );
        to.WriteLine(
            $"erasure: of the organization's sealed rows a full backup and the master key open {report.OpenedBeforeErasure} before and {report.OpenedAfterErasure} after; {report.FilesSearchedForWrappedKeys} files of the backup searched for the destroyed keys"
        );
        foreach (var violation in report.Violations)
            to.WriteLine("VIOLATION: " + violation);
        to.WriteLine(
            report.IsGreen
                ? "every rotation and re-wrap was resumed, no row was left behind, nothing of the erased organization opens"
                : $"RED: {report.Violations.Count} violations"
        );
        if (options.Json is { } file)
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, Indented.Json), cancellationToken);
        return report.IsGreen ? 0 : 1;
    }
}
