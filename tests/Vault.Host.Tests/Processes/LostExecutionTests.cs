using System.Net;
using Vault.Host.Tests.Cluster;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>
/// A gateway whose worker is killed with executions under way: it says of each what can be known, and no more.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class LostExecutionTests
{
    private const string Provider = "sandbox_grace";

    [Fact]
    public async Task A_read_is_done_again_a_write_is_unknown_and_one_that_had_its_end_in_the_ledger_is_done()
    {
        await using var world = await ProcessWorld.StartAsync(0);
        await world.AddAsync("--role", "gateway");
        var first = await world.AddAsync("--role", "worker");
        var organization = await world.OrganizationAsync(Provider);
        await world.ConnectAsync(organization, "ada", Provider);

        // The provider has got the read and has not answered; it has carried out the write and has not answered.
        var slowRead = world.Hold(FaultTarget.Api);
        var read = world.ExecuteAsync(0, organization, "ada", Provider);
        await Eventually.DoneAsync(slowRead.ReachedAsync(), () => world.Silos[first].Output);
        var slowWrite = world.Hold(FaultTarget.Api);
        var write = WriteAsync();
        await Eventually.DoneAsync(slowWrite.ReachedAsync(), () => world.Silos[first].Output);
        var trigger = world.FileOf("trigger");
        var second = await world.AddAsync("--role", "worker", "--checkpoint", trigger);
        await world.Silos[first].SignalAsync("KILL");

        var done = await read;
        var unknown = await write;
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        Assert.Equal("outcome_unknown", unknown.Code);
        Assert.Equal(
            "running",
            (await world.GetAsync(0, $"/v1/executions/{unknown["execution_id"]}?organization_id={organization}"))[
                "state"
            ]
        );
        Assert.Equal(1, Writes());
        slowRead.Open();
        slowWrite.Open();

        // The other worker dies when the end of its write is in the ledger, before its answer is out.
        var last = world.Hold(FaultTarget.Api);
        var finished = WriteAsync();
        await Eventually.DoneAsync(last.ReachedAsync(), () => world.Silos[second].Output);
        await File.WriteAllTextAsync(trigger, "ledger_appended KILL");
        last.Open();
        var known = await finished;
        Assert.True(known.Status == HttpStatusCode.OK, known.ToString());
        Assert.Equal("succeeded", known["outcome"]);
        Assert.Equal("true", known["truncated"]);
        Assert.Equal(2, Writes());
        Assert.True(world.Silos[second].HasExited);

        // Nobody is left to ask, and it says so.
        var none = await WriteAsync();
        Assert.True(none.Code == "cluster_unavailable", none + "\n" + world.Silos[0].Output);
        Assert.Equal(2, Writes());

        Task<Vault.Host.Tests.EndToEnd.Reply> WriteAsync() => world.WriteAsync(0, organization, "ada", Provider);
        long Writes() => world.Sandbox.Counters.ApiCallsByPath.GetValueOrDefault("POST /api/items");
    }
}
