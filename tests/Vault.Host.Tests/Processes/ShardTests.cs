using Npgsql;
using Vault.Host.Tests.Cluster;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>The shards of the due index when a silo dies.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ShardTests
{
    private const string Provider = "sandbox_single_use";
    private const int Due = 32;

    [Fact]
    public async Task The_shards_of_a_dead_silo_are_swept_by_the_others_without_their_reminders()
    {
        await using var world = await ProcessWorld.StartAsync(2);
        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i < 8; i++) await world.ConnectAsync(organization, "alive" + i, Provider);

        foreach (var silo in world.Silos) await Eventually.DoneAsync(silo.SaysAsync("refresh shards are watched"), () => silo.Output);

        // What the silo that lives reads of the reminders from now on is nothing.
        await using (var connection = new NpgsqlConnection(world.Database))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("delete from cluster.reminders", connection);
            Assert.Equal(8, await command.ExecuteNonQueryAsync());
        }

        await world.Silos[1].SignalAsync("KILL");
        for (var i = 0; i < 8; i++) await world.RecoverAsync(0, organization, "alive" + i, Provider);
        var refreshes = world.Hold(FaultTarget.Token, null);
        refreshes.Open();
        for (var i = 0; i < Due; i++) await world.ConnectAsync(organization, "due" + i, Provider, left: 2);

        await Eventually.DoneAsync(refreshes.ReachedAsync(Due), () => refreshes.Arrived);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }
}
