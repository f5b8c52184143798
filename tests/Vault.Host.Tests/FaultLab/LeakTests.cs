using Vault.Campaigns.Lab;
using Vault.Campaigns.Leaks;

namespace Vault.Host.Tests.FaultLab;

/// <summary>
/// The search of ./scripts/crash --leaks without what takes long: a host as a process, all flows, every place, and a
/// leak planted in each.
/// </summary>
public sealed class LeakTests
{
    [Fact]
    public async Task No_place_holds_a_credential_and_a_planted_one_is_found_in_each()
    {
        var report = await LeakCampaign.RunAsync(
            new LabOptions { Accounts = 4, Lanes = 2 },
            quick: true,
            CancellationToken.None
        );

        Assert.Equal([], report.Violations);
        Assert.True(report.Places.Count >= 20, string.Join(", ", report.Places.Select(p => p.Name)));
        Assert.All(
            report.Places.Where(p =>
                p.Name is "table accounts" or "SQLite file" or "traces (OTLP)" or "log (standard output, level trace)"
            ),
            p => Assert.True(p.Bytes > 0, p.Name + " was empty")
        );
    }
}
