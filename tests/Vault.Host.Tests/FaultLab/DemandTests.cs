using Vault.Campaigns.Faults;
using Vault.Campaigns.Lab;
using Vault.Host.Tests.Cluster;
using Xunit.Abstractions;

namespace Vault.Host.Tests.FaultLab;

/// <summary>
/// What users of Orleans met in production, in short. ./scripts/crash --long has the full length, docs/cluster.md the
/// table. After each come the campaign's own questions: every account answers, no grant is lost, ledger and provider
/// agree.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class DemandTests(DemandTests.Campaign campaign, ITestOutputHelper output)
    : IClassFixture<DemandTests.Campaign>
{
    private static readonly DemandSizes Short = new(
        Accounts: 300,
        Quiet: TimeSpan.Zero,
        Restarts: 2,
        Silos: 4,
        Starts: 1,
        Away: TimeSpan.FromSeconds(10),
        Due: 2_000,
        Skewed: TimeSpan.Zero
    );

    [Fact]
    public void Accounts_answer_when_the_silo_with_a_part_of_the_directory_was_killed() => Holds("directory");

    [Fact]
    public void Without_PostgreSQL_nobody_is_evicted_and_executions_are_refused() => Holds("PostgreSQL away");

    [Fact]
    public void A_silo_is_restarted_after_leaving_and_after_a_kill() => Holds("restarts");

    [Fact]
    public void Silos_started_in_the_same_second_on_an_empty_database_are_all_active() => Holds("same second");

    [Fact]
    public void What_became_due_while_no_silo_ran_is_refreshed_once_by_the_first_that_starts() => Holds("become due");

    private void Holds(string demand)
    {
        var outcome = campaign.Outcomes.Single(o => o.Name.Contains(demand, StringComparison.Ordinal));
        output.WriteLine(
            $"{outcome.Name}: {outcome.Seen}; all answer again after {outcome.Recovered.TotalSeconds:0.0} s"
        );
        Assert.Equal([], outcome.Violations);
    }

    /// <summary>One after the other on the same silos, and those with silos of their own.</summary>
    public sealed class Campaign : IAsyncLifetime
    {
        internal List<FaultOutcome> Outcomes { get; } = [];

        public async Task InitializeAsync()
        {
            var lab = new LabOptions
            {
                Postgres = true,
                Hosts = 3,
                Accounts = 4,
                Lanes = 2,
                Strict = false,
            };
            await RunAsync(lab, ClusterDemands.UnderLoad(Short));
            await RunAsync(ClusterDemands.IdleLab(lab), ClusterDemands.Idle(Short));
        }

        public Task DisposeAsync() => Task.CompletedTask;

        private async Task RunAsync(LabOptions lab, IReadOnlyList<StoreFault> demands)
        {
            using var progress = new StringWriter();
            Outcomes.AddRange(
                (await FaultCampaign.RunAsync(lab, demands, 5, progress, CancellationToken.None)).Outcomes
            );
        }
    }
}
