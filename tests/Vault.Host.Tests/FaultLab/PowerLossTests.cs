using Vault.Campaigns.Faults;
using Vault.Campaigns.Lab;
using Xunit.Abstractions;

namespace Vault.Host.Tests.FaultLab;

/// <summary>One fault of ./scripts/crash --faults; the others take longer, or need a PostgreSQL of their own.</summary>
public sealed class PowerLossTests(ITestOutputHelper output)
{
    [Fact]
    public async Task After_a_power_loss_with_a_torn_write_rows_ledger_and_provider_agree()
    {
        using var progress = new StringWriter();
        var report = await FaultCampaign.RunAsync(
            new LabOptions { Accounts = 4, Lanes = 2 },
            [SqliteFaults.PowerLoss],
            3,
            progress,
            CancellationToken.None
        );
        output.WriteLine(progress.ToString());

        Assert.Equal([], report.Outcomes.SelectMany(o => o.Violations));
        Assert.True(report.LedgerEntries > 0);
    }
}
