using System.Net;
using Npgsql;
using Orleans;
using Orleans.Runtime;
using Vault.Client;
using Vault.Client.Cluster;
using Vault.Host.Grains;
using Vault.Host.Routing;
using Vault.Host.Tests.Cluster;

namespace Vault.Host.Tests.Suite;

/// <summary>
/// A client of the cluster gets what an API key allows it, and nothing by calling grains that are the silos' own.
/// </summary>
[Collection("test cluster")]
public sealed class OutsiderTests(TestClusterHosts hosts)
{
    [Fact]
    public async Task A_client_is_refused_every_grain_but_the_gateways()
    {
        await using var world = await hosts.StartAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        var client = await ClientAsync();
        var account = client.GetGrain<IConnectedAccountGrain>($"{organization}/ada/sandbox_single_use");
        List<Func<Task>> attempts =
        [
            () => account.RevokeAsync("nobody", "because", CancellationToken.None),
            () => account.RefreshAsync(1, Core.Accounts.RefreshReason.OnDemand, CancellationToken.None),
            () => client.GetGrain<IOrganizationGrain>(organization).SuspendAsync("nobody", CancellationToken.None),
            () => client.GetGrain<IOrganizationGrain>(organization).EraseAsync("nobody", CancellationToken.None),
            () => client.GetGrain<IRefreshShardGrain>(0).WatchAsync(),
            () => client.GetGrain<IManagementGrain>(0).GetHosts(),
            () => client.GetGrain<IRefreshShardGrain>(0).Cast<IRemindable>().ReceiveReminder("due", default),
        ];

        foreach (var attempt in attempts)
            await Assert.ThrowsAsync<UnauthorizedAccessException>(attempt);
        RequestContext.Set(ClusterCallFilter.Header, "a guess");
        foreach (var attempt in attempts)
            await Assert.ThrowsAsync<UnauthorizedAccessException>(attempt);
        RequestContext.Clear();

        Assert.Equal(0, world.Sandbox.Counters.TokenRequests);
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
        );
    }

    [Fact]
    public async Task A_client_with_an_API_key_executes_and_one_without_is_refused_as_over_HTTP()
    {
        await using var world = await hosts.StartAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        var client = await ClientAsync();

        await using var vault = new VaultClusterClient(client, world.AdminKey, organization);
        Assert.Equal(
            "succeeded",
            (await vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" })).Outcome
        );
        using var hurry = new CancellationTokenSource();
        await hurry.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" }, hurry.Token)
        );
        await using var nobody = new VaultClusterClient(client, "vk_live_nobody", organization);
        var refused = await Assert.ThrowsAsync<RefusedException>(() =>
            nobody.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" })
        );
        Assert.Equal((int)HttpStatusCode.Unauthorized, refused.Problem.Status);
    }

    [Fact]
    public async Task A_login_that_may_read_where_the_silos_are_is_enough_and_cannot_read_what_they_know()
    {
        await using var world = await hosts.StartAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        var login = "agent_" + Guid.NewGuid().ToString("N");
        await using var owner = NpgsqlDataSource.Create(hosts.Silos.Database);
        await using (
            var granted = owner.CreateCommand(
                $"create role {login} login; grant usage on schema cluster to {login}; grant select on cluster.orleansquery, cluster.membership to {login}"
            )
        )
            await granted.ExecuteNonQueryAsync();
        var database = new NpgsqlConnectionStringBuilder(hosts.Silos.Database) { Username = login }.ToString();

        await using (
            var vault = await VaultClusterClient.ConnectAsync(
                new VaultClusterOptions
                {
                    Cluster = hosts.Silos.Cluster.Options.ClusterId,
                    Database = database,
                    ApiKey = world.AdminKey,
                    OrganizationId = organization,
                }
            )
        )
            Assert.Equal(
                "succeeded",
                (await vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" })).Outcome
            );

        await using var theirs = NpgsqlDataSource.Create(database);
        await using var asked = theirs.CreateCommand("select token from cluster_private.member_token");
        Assert.Equal(
            PostgresErrorCodes.InsufficientPrivilege,
            (await Assert.ThrowsAsync<PostgresException>(() => asked.ExecuteScalarAsync())).SqlState
        );
    }

    private async Task<IClusterClient> ClientAsync()
    {
        var cluster = hosts.Silos.Cluster;
        try
        {
            return cluster.Client;
        }
        catch (InvalidOperationException)
        {
            await cluster.InitializeClientAsync();
            return cluster.Client;
        }
    }
}
