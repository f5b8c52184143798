using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;
using IOptions = Microsoft.Extensions.Options.IOptions<Orleans.Configuration.ClusterMembershipOptions>;

namespace Vault.Host.Tests.Cluster;

/// <summary>The membership table does not grow with every restart.</summary>
[Collection(ClusterCollection.Name)]
public sealed class MembershipTests
{
    private const int Restarts = 200;

    [Fact]
    public async Task Of_the_rows_that_200_restarts_have_left_a_few_stay()
    {
        await using var world = await World.StartAsync(1, true);
        var services = world.Hosts[0].Services;
        var most = services.GetRequiredService<IOptions>().Value.MaxDefunctSiloEntries!.Value;
        Assert.True(most < Restarts);

        // As they are left by silos that died an hour ago, a second apart.
        var options = services.GetRequiredService<VaultOptions>();
        await using var database = NpgsqlDataSource.Create(options.Database!);
        await using var left = database.CreateCommand(
            $"""
            insert into cluster.membership
            select deployment_id, address, port, generation - n, silo_name, host_name, 6, proxy_port, suspect_times,
              start_time - ago, i_am_alive_time - ago
            from cluster.membership, generate_series(1, {Restarts}) n, make_interval(hours => 1, secs => n) ago
            """
        );
        Assert.Equal(Restarts, await left.ExecuteNonQueryAsync());

        // The next change of the membership is when the first active silo looks.
        await world.AddHostAsync();
        // It removes the rows that are older than the last one it may keep, and that one stays as well.
        await Eventually.UntilAsync(RowsAsync, rows => rows.Dead <= most + 1);
        Assert.Equal(2, (await RowsAsync()).Active);

        async Task<(long Dead, long Active)> RowsAsync()
        {
            await using var rows = database.CreateCommand(
                "select count(*) filter (where status = 6), count(*) filter (where status = 3) from cluster.membership"
            );
            await using var reader = await rows.ExecuteReaderAsync();
            await reader.ReadAsync();
            return (reader.GetInt64(0), reader.GetInt64(1));
        }
    }
}
