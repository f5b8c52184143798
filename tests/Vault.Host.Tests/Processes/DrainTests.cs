using System.Net;
using System.Text.Json;
using Vault.Host.Tests.Cluster;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>A worker that leaves while its account is being asked for.</summary>
[Collection(ClusterCollection.Name)]
public sealed class DrainTests
{
    private const string Provider = "sandbox_grace";
    private const int Asked = 16;

    /// <summary>
    /// What a leaving silo no longer begins must not be sent on by it: its sender would go on taking it for the leaving
    /// silo's, and call it lost when that one has left.
    /// </summary>
    [Fact]
    public async Task What_comes_to_a_leaving_silo_is_carried_out_once_elsewhere_and_answered_though_it_outlasts_the_leaving()
    {
        await using var world = await ProcessWorld.StartAsync(0);
        await world.AddAsync("--role", "gateway");
        var leaving = await world.AddAsync("--role", "worker", "--log-level", "debug");
        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i <= Asked; i++)
            await world.ConnectAsync(organization, "user" + i, Provider);
        await world.ConnectAsync(organization, "probe", Provider);
        Reply.AllOk([await world.ExecuteAsync(0, organization, "probe", Provider)]);

        // All live on the first worker, as the gateway remembers, and one call keeps it from leaving.
        var keeps = world.Hold(FaultTarget.Api);
        var first = WriteAsync(0);
        await Eventually.DoneAsync(keeps.ReachedAsync(), () => keeps.Arrived);
        await world.AddAsync("--role", "worker");
        var begun = world.Silos[leaving].SaysAsync("DeactivateAllActivations");
        var left = world.Silos[leaving].DrainAsync();
        await Eventually.DoneAsync(begun, () => world.Silos[leaving].Output);

        // It has begun to leave where it no longer answers for an account: then it begins nothing more for the others
        // either, and what is sent to it must not stay there.
        await GoneAsync(world, organization);
        var later = world.Hold(FaultTarget.Api, Asked);
        var others = Enumerable.Range(1, Asked).Select(WriteAsync).ToList();
        await Eventually.DoneAsync(later.ReachedAsync(Asked), () => later.Arrived);
        keeps.Open();
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.Equal(0, await Eventually.DoneAsync(left, () => world.Silos[leaving].Output));
        later.Open();

        Reply.AllOk(await Task.WhenAll(others));
        Assert.Equal(1 + Asked, world.Sandbox.Counters.ApiCallsByPath["POST /api/items"]);

        Task<Reply> WriteAsync(int user) => world.WriteAsync(0, organization, "user" + user, Provider);
    }

    private static async Task GoneAsync(ProcessWorld world, string organization)
    {
        await Eventually.UntilAsync(
            async () =>
            {
                Reply.AllOk([await world.ExecuteAsync(0, organization, "probe", Provider)]);
                return await world.GetAsync(0, "/v1/cluster");
            },
            told =>
            {
                var newest = told
                    .Json.GetProperty("hosts")
                    .EnumerateArray()
                    .MaxBy(h => h.GetProperty("since").GetDateTimeOffset())
                    .GetProperty("grains");
                return newest.ValueKind == JsonValueKind.Array
                    && newest.EnumerateArray().Any(g => g.GetProperty("type").GetString() == "connected_account");
            }
        );
    }
}
