using System.Net;
using Vault.Host.Tests.Cluster;

namespace Vault.Host.Tests.Processes;

/// <summary>
/// A silo that owns no account, and still a part of the directory in which the others look accounts up.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class DirectoryTests
{
    private const string Provider = "sandbox_grace";
    private const int Accounts = 32;

    [Fact]
    public async Task An_execution_whose_account_could_not_be_looked_up_on_a_frozen_silo_is_made_when_that_one_is_evicted()
    {
        await using var world = await ProcessWorld.StartAsync(1);
        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i < Accounts; i++)
            await world.ConnectAsync(organization, "user" + i, Provider);

        // A worker that has never heard of the accounts, which are nowhere when the first has left.
        var asked = await world.AddAsync();
        var frozen = await world.AddAsync("--role", "gateway");
        Assert.Equal(0, await world.Silos[0].DrainAsync());
        await world.Silos[frozen].SignalAsync("STOP");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, Accounts).Select(i => world.WriteAsync(asked, organization, "user" + i, Provider))
        );

        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.ToString()));
        Assert.Equal(Accounts, world.Sandbox.Counters.ApiCallsByPath["POST /api/items"]);
    }
}
