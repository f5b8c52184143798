using System.Net;
using Vault.Host.Tests.Cluster;

namespace Vault.Host.Tests.Suite;

/// <summary>Orleans' metrics beside ours, each silo's own: silos of one process would count for each other.</summary>
[Collection("processes")]
public sealed class MetricsTests(ProcessHosts hosts)
{
    [Fact]
    public async Task Metrics_of_grains_and_refreshes_stand_beside_each_other()
    {
        await using var world = await hosts.StartAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
        );

        var metrics = string.Concat(
            await Task.WhenAll(
                Enumerable
                    .Range(0, 3)
                    .Select(async i => await world.Client(i).GetStringAsync(new Uri("/metrics", UriKind.Relative)))
            )
        );
        Assert.Contains("\norleans_grains{", metrics, StringComparison.Ordinal);
        Assert.Contains("\nvault_refreshes_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("\nvault_refreshes_under_way{", metrics, StringComparison.Ordinal);
        Assert.Contains("\nvault_sweep_shards{", metrics, StringComparison.Ordinal);
        Assert.Contains("\nvault_sweep_oldest_age_seconds{", metrics, StringComparison.Ordinal);
    }
}
