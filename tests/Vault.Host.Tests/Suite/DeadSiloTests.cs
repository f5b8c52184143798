using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Vault.Host.Routing;
using Vault.Host.Tests.Cluster;
using Vault.TestKit;

namespace Vault.Host.Tests.Suite;

/// <summary>
/// What Orleans itself throws, on real silos, where <see cref="GrainCalls"/> must tell one exception from another by
/// what Orleans says in it.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class DeadSiloTests
{
    [Fact]
    public async Task A_message_to_a_silo_known_to_be_dead_is_told_as_not_delivered()
    {
        var silos = await ThreeSilos.StartAsync(["--refresh-shards", "8"]);
        await using var hosts = silos.Share(once: true);
        var dead = silos.Silos[2].SiloAddress;
        await silos.Cluster.StopSiloAsync(silos.Silos[2]);
        var management = silos.Silos[0].Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);

        // Until every silo has heard of the death, it cannot be connected to, which is another exception with the same
        // meaning.
        var thrown = await Eventually.UntilAsync(
            async () =>
            {
                var called = await GrainCalls.OnceAsync(() => management.GetRuntimeStatistics([dead]));
                Assert.Equal(CallFailure.NotDelivered, called.Failure);
                return await Record.ExceptionAsync(() => management.GetRuntimeStatistics([dead]));
            },
            e => e is SiloUnavailableException
        );

        Assert.Equal(new SiloUnavailableException().Message, thrown!.Message);
    }
}
