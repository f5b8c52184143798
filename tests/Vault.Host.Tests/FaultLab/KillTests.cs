using Vault.Campaigns.Kill;
using Vault.Campaigns.Lab;
using Xunit.Abstractions;

namespace Vault.Host.Tests.FaultLab;

/// <summary>
/// A few strikes of the kill campaign; ./scripts/crash runs it as long as you like (docs/fault-lab.md).
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_host_killed_around_a_refresh_loses_nothing_silently_and_no_reply_that_is_on_its_disk()
    {
        Strike[] strikes =
        [
            new(0, "before_send", Freeze: false, TimeSpan.Zero),
            new(0, "reply_spooled", Freeze: false, TimeSpan.Zero),
            new(0, "reply_committed", Freeze: false, TimeSpan.Zero),
        ];
        using var progress = new StringWriter();
        var report = await KillCampaign.RunAsync(
            new LabOptions { Accounts = 4, Lanes = 2 },
            strikes,
            7,
            progress,
            CancellationToken.None
        );
        output.WriteLine(progress.ToString());

        Assert.Equal([], report.Violations);
        Assert.Equal(["before_send", "reply_spooled", "reply_committed"], report.Rounds.Select(r => r.Reached));

        // Killed before it sent: the provider has seen nothing, so the token is presented once more and nothing is
        // lost.
        Assert.Empty(report.Rounds[0].Losses);
        Assert.Empty(report.Rounds[1].Losses);
        Assert.True(report.LedgerEntries > 0);
    }
}
