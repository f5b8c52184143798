using System.Net;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;

namespace Vault.Silo.Tests.Processes;

/// <summary>A gateway whose worker is killed with executions under way: it says of each what can be known, and no more.</summary>
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
        var grant = world.Sandbox.Grants.Mint(new GrantSeed { Policy = new TokenPolicyPatch { Rotation = RotationBehaviour.Grace }, AccessExpiresInSeconds = 3_600 });
        await world.ImportAsync(organization, "ada", Provider, grant, DateTimeOffset.UtcNow.AddHours(1));

        // The provider has got the read and has not answered; it has carried out the write and has not answered.
        var slowRead = Hold(world);
        var read = world.ExecuteAsync(0, organization, "ada", Provider);
        await slowRead.Gate.ReachedAsync().WaitAsync(TimeSpan.FromSeconds(60));
        var slowWrite = Hold(world);
        var write = WriteAsync();
        await slowWrite.Gate.ReachedAsync().WaitAsync(TimeSpan.FromSeconds(60));
        var trigger = world.FileOf("trigger");
        var second = await world.AddAsync("--role", "worker", "--checkpoint", trigger);
        await world.Silos[first].SignalAsync("KILL");

        var done = await read;
        var unknown = await write;
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        Assert.Equal("outcome_unknown", unknown.Code);
        Assert.Equal("running", (await world.GetAsync(0, $"/v1/executions/{unknown["execution_id"]}?organization_id={organization}"))["state"]);
        Assert.Equal(1, Writes());
        slowRead.Gate.Open();
        slowWrite.Gate.Open();

        // The other worker dies when the end of its write is in the ledger, before its answer is out.
        var last = Hold(world);
        var finished = WriteAsync();
        await last.Gate.ReachedAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await File.WriteAllTextAsync(trigger, "ledger_appended KILL");
        last.Gate.Open();
        var known = await finished;
        Assert.True(known.Status == HttpStatusCode.OK, known.ToString());
        Assert.Equal("succeeded", known["outcome"]);
        Assert.Equal("true", known["truncated"]);
        Assert.Equal(2, Writes());
        Assert.True(world.Silos[second].HasExited);

        // Nobody is left to ask, and it says so.
        Assert.Equal("cluster_unavailable", (await WriteAsync()).Code);
        Assert.Equal(2, Writes());

        Task<Vault.Host.Tests.EndToEnd.Reply> WriteAsync() => world.PostAsync(
            0, "/v1/execute_tool", new { organization_id = organization, user_id = "ada", tool_name = Provider + "_create_item", tool_input = new { name = "once" } });
        long Writes() => world.Sandbox.Counters.ApiCallsByPath.GetValueOrDefault("POST /api/items");
    }

    private static FaultHandle Hold(ProcessWorld world) => world.Sandbox.Faults.Add(new SandboxFault { Kind = FaultKind.Hold, Target = FaultTarget.Api, Phase = FaultPhase.After, Times = 1 });
}
