using Npgsql;
using Vault.Core.Accounts;
using Vault.Host.Tests.Cluster;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>A silo that learns that the others have declared it dead.</summary>
[Collection(ClusterCollection.Name)]
public sealed class EvictionTests
{
    private const string Provider = "sandbox_family";

    [Fact]
    public async Task A_silo_that_was_evicted_ends_itself_when_the_refresh_that_it_holds_is_committed()
    {
        await using var world = await ProcessWorld.StartAsync(1);
        var organization = await world.OrganizationAsync(Provider);
        var reply = world.Hold(FaultTarget.Token);
        await world.ConnectAsync(organization, "ada", Provider, left: 0);
        await Eventually.DoneAsync(reply.ReachedAsync(), () => world.Silos[0].Output);
        var ending = world.Silos[0].SaysAsync("it finishes refreshes in progress first");
        var ended = world.Silos[0].EndedAsync();

        // As the others write it who had no answer to their probes.
        await using (var connection = new NpgsqlConnection(world.Database))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(
                "update cluster.membership set status = 6; update cluster.membership_version set version = version + 1",
                connection
            );
            await command.ExecuteNonQueryAsync();
        }

        await Eventually.DoneAsync(ending, () => world.Silos[0].Output);
        Assert.False(ended.IsCompleted);
        reply.Open();
        await Eventually.DoneAsync(ended, () => world.Silos[0].Output);

        var state = (await world.RowAsync(ProcessWorld.KeyOf(organization, "ada", Provider))).State;
        Assert.Equal((AccountStatus.Active, 2), (state.Status, state.Generation));
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);
    }
}
