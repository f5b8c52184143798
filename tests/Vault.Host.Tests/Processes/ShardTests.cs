using System.Net;
using System.Text.Json;
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
    private static readonly string[] Never = ["--sweep-interval-ms", "3600000"];

    [Fact]
    public async Task The_shards_of_a_dead_silo_are_swept_by_the_others_without_their_reminders()
    {
        await using var world = await ProcessWorld.StartAsync(2);
        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i < 8; i++)
            await world.ConnectAsync(organization, "alive" + i, Provider);

        foreach (var silo in world.Silos)
            await Eventually.DoneAsync(silo.SaysAsync("refresh shards are active"), () => silo.Output);

        // What the silo that lives reads of the reminders from now on is nothing.
        await using (var connection = new NpgsqlConnection(world.Database))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("delete from cluster.reminders", connection);
            Assert.Equal(8, await command.ExecuteNonQueryAsync());
        }

        await world.Silos[1].SignalAsync("KILL");
        for (var i = 0; i < 8; i++)
            await world.RecoverAsync(0, organization, "alive" + i, Provider);
        var refreshes = world.Hold(FaultTarget.Token, null);
        refreshes.Open();
        for (var i = 0; i < Due; i++)
            await world.ConnectAsync(organization, "due" + i, Provider, left: 2);

        await Eventually.DoneAsync(refreshes.ReachedAsync(Due), () => refreshes.Arrived);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }

    [Fact]
    public async Task A_shard_keeps_its_history_when_its_silo_leaves_and_when_the_next_one_is_killed()
    {
        await using var world = await ProcessWorld.StartAsync(1);
        var organization = await world.OrganizationAsync(Provider);
        await world.ConnectAsync(organization, "due", Provider, left: 0);
        await ShownAsync(world, 0, c => Swept(c) && Begun(c) == 1);

        // The silos after it sweep nothing: what they show is what was kept.
        await world.AddAsync(Never);
        Assert.Equal(0, await world.Silos[0].DrainAsync());
        var left = DateTimeOffset.UtcNow;
        var moved = await ShownAsync(world, 1, c => Swept(c) && Begun(c) == 1 && OldestSweep(c) < left);
        await world.AddAsync(Never);
        await world.Silos[1].SignalAsync("KILL");
        var again = await ShownAsync(world, 2, c => Hosts(c).Count == 1 && Swept(c) && Begun(c) == 1);
        Assert.Equal(OldestSweep(moved), OldestSweep(again));
    }

    [Fact]
    public async Task A_gateway_shows_since_when_no_silo_sweeps()
    {
        await using var world = await ProcessWorld.StartAsync(0);
        await world.AddAsync("--role", "gateway");
        var worker = await world.AddAsync("--role", "worker");
        await ShownAsync(world, 0, Swept);
        Assert.Equal(0, await world.Silos[worker].DrainAsync());
        var left = DateTimeOffset.UtcNow;

        var shown = await ShownAsync(world, 0, c => Hosts(c).Count == 1 && OldestSweep(c) is not null);
        Assert.Equal(0, Hosts(shown)[0].GetProperty("shards").GetInt32());
        Assert.True(OldestSweep(shown) < left, shown.GetRawText());

        // The metric says the same, as soon as the gateway has looked for shards without a host.
        var asked = DateTimeOffset.UtcNow;
        using var gateway = world.Silos[0].Client(world.Key);
        var age = await Eventually.UntilAsync(() => ShardHistoryTests.AgeAsync(gateway), age => age > 0);
        Assert.True(age >= (asked - OldestSweep(shown)!.Value).TotalSeconds, $"{age} s: {shown.GetRawText()}");
    }

    private static async Task<JsonElement> ShownAsync(ProcessWorld world, int silo, Func<JsonElement, bool> met) =>
        (
            await Eventually.UntilAsync(
                () => world.GetAsync(silo, "/v1/cluster"),
                c => c.Status == HttpStatusCode.OK && met(c.Json)
            )
        ).Json;

    private static IReadOnlyList<JsonElement> Hosts(JsonElement cluster) =>
        [.. cluster.GetProperty("hosts").EnumerateArray()];

    private static bool Swept(JsonElement cluster) => Sum(cluster, "shards") == 8;

    private static long Begun(JsonElement cluster) => Sum(cluster, "accounts_begun");

    private static long Sum(JsonElement cluster, string figure) =>
        Hosts(cluster)
            .Select(h => h.GetProperty(figure))
            .Where(f => f.ValueKind == JsonValueKind.Number)
            .Sum(f => f.GetInt64());

    private static DateTimeOffset? OldestSweep(JsonElement cluster) =>
        cluster.GetProperty("oldest_sweep_at") is { ValueKind: JsonValueKind.String } at
            ? at.GetDateTimeOffset()
            : null;
}
