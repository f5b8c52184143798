using System.Net;
using System.Text.Json;
using Vault.Host.Tests.Cluster;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Suite;

/// <summary>What an operator sees of a cluster: <c>GET /v1/cluster</c>.</summary>
[Collection("test cluster")]
public sealed class ClusterStatusTests(TestClusterHosts hosts)
{
    [Fact]
    public async Task Every_gateway_tells_of_every_silo()
    {
        await using var world = await hosts.StartAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));
        var held = world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Hold,
                Target = FaultTarget.Token,
                Phase = FaultPhase.After,
                Times = 1,
            }
        );
        var refreshing = world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile");
        await Eventually.DoneAsync(held.Gate.ReachedAsync(), () => held.Gate.Arrived);

        foreach (var gateway in Enumerable.Range(0, 3))
        {
            var told = await SweptAsync(world, gateway);
            var silos = told.GetProperty("hosts").EnumerateArray().ToList();
            Assert.Equal(
                hosts.Silos.Silos.Select(s => s.SiloAddress.ToParsableString()).Order(StringComparer.Ordinal),
                silos.Select(s => s.GetProperty("address").GetString())
            );
            Assert.All(silos, s =>
                Assert.Equal(
                    ("active", "both"),
                    (s.GetProperty("status").GetString(), s.GetProperty("role").GetString())
                )
            );
            Assert.All(silos, s => Assert.NotEmpty(s.GetProperty("version").GetString()!));
            Assert.All(silos, s => Assert.True(s.GetProperty("since").GetDateTimeOffset() < DateTimeOffset.UtcNow));
            Assert.Equal((8, 8), (told.GetProperty("shards").GetInt32(), told.GetProperty("reminders").GetInt32()));
            Assert.Equal(hosts.Silos.Cluster.Options.ClusterId, told.GetProperty("cluster").GetString());
            Assert.Equal(8, Active(silos, "refresh_shard"));
            Assert.True(Active(silos, "connected_account") > 0);
            Assert.True(silos.Sum(s => s.GetProperty("refreshes_under_way").GetInt32()) > 0);

            var sweeping = silos.Where(s => s.GetProperty("shards").GetInt32() > 0);
            var oldest = sweeping.Min(s => s.GetProperty("oldest_sweep_at").GetDateTimeOffset());
            Assert.Equal(oldest, told.GetProperty("oldest_sweep_at").GetDateTimeOffset());
            Assert.All(silos, s => Assert.True(s.GetProperty("accounts_begun").GetInt64() >= 0));
        }

        held.Gate.Open();
        Assert.Equal(HttpStatusCode.OK, (await refreshing).Status);
    }

    [Fact]
    public async Task Only_an_administrator_of_the_platform_sees_it()
    {
        await using var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        foreach (
            var body in new object[]
            {
                new
                {
                    name = "tenant",
                    organization_id = organization,
                    permissions = new[] { "admin" },
                },
                new { name = "reader", permissions = new[] { "organizations:read" } },
            }
        )
        {
            var key = await world.PostAsync("/v1/api_keys", body);
            Assert.True(key.Status == HttpStatusCode.Created, key.ToString());
            using var client = World.NewClient(world.Urls[1], key["key"]);
            var refused = await world.GetAsync("/v1/cluster", client: client);
            Assert.Equal((HttpStatusCode.Forbidden, "permission_denied"), (refused.Status, refused.Code));
        }

        using var nobody = World.NewClient(world.Urls[1], null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.GetAsync("/v1/cluster", client: nobody)).Status);
    }

    // A silo that has just started has not taken all its shards yet.
    private static async Task<JsonElement> SweptAsync(World world, int gateway)
    {
        var swept = await Eventually.UntilAsync(
            () => world.GetAsync("/v1/cluster", gateway),
            told =>
            {
                Assert.True(told.Status == HttpStatusCode.OK, told.ToString());
                var shards = told.Json.GetProperty("hosts").EnumerateArray().Select(h => h.GetProperty("shards"));
                return told.Json.GetProperty("reminders").GetInt32() == 8
                    && shards.All(s => s.ValueKind == JsonValueKind.Number)
                    && shards.Sum(s => s.GetInt32()) == 8;
            }
        );
        return swept.Json;
    }

    private static int Active(IEnumerable<JsonElement> silos, string type) =>
        silos
            .SelectMany(s => s.GetProperty("grains").EnumerateArray())
            .Where(g => g.GetProperty("type").GetString() == type)
            .Sum(g => g.GetProperty("activations").GetInt32());
}
