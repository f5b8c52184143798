using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cluster;

/// <summary>Gateways that own nothing, and workers that answer nobody but the cluster.</summary>
[Collection(ClusterCollection.Name)]
public sealed class RoleTests
{
    [Fact]
    public async Task A_gateway_hands_over_to_a_worker_and_says_so_when_there_is_none()
    {
        await using var world = await World.StartAsync(1, true, "--role", "gateway");
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");

        var alone = await world.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = organization,
                user_id = "ada",
                connection = "sandbox_single_use",
            }
        );
        Assert.Equal("cluster_unavailable", alone.Code);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, alone.Status);

        await world.AddHostAsync("--role", "worker");
        organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));
        var answer = await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());

        Assert.Equal(HttpStatusCode.OK, (await world.GetAsync("/health/ready", host: 1)).Status);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: 1)).Status
        );
        var gateway = world.Hosts[0].Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var statistics = await world
            .Hosts[0]
            .Services.GetRequiredService<IGrainFactory>()
            .GetGrain<IManagementGrain>(0)
            .GetDetailedGrainStatistics();
        var grains = statistics.Where(s => s.SiloAddress.Equals(gateway)).Select(s => s.GrainType.Split(',')[0]);
        grains = grains.Where(g => g.StartsWith("Vault.Host.Grains.", StringComparison.Ordinal));
        Assert.DoesNotContain(grains, g => g != typeof(Grains.SiloStatusGrain).FullName);
    }
}
