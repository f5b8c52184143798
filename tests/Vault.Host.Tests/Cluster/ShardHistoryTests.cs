using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;
using Vault.Host.Background;
using Vault.Host.Grains;
using Vault.Host.Observability;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.Cluster;

/// <summary>What refresh shards keep of their sweeps, in real hosts on both stores.</summary>
public abstract partial class ShardHistoryTests(bool postgres)
{
    private const string Provider = "sandbox_single_use";
    private static readonly string[] Often = ["--sweep-interval-ms", "100"];
    private static readonly string[] Never = ["--sweep-interval-ms", "3600000"];

    private int Shards => postgres ? 8 : 1;

    [Fact]
    public async Task A_host_that_is_started_again_knows_when_its_shards_were_swept_last()
    {
        await using var world = await StartAsync();
        await world.AddHostAsync(Often);
        await DueAsync(world, "ada");
        var before = await ClusterAsync(world, c => Begun(c) == 1);
        await world.StopLastAsync();
        var stopped = DateTimeOffset.UtcNow;

        var host = await world.AddHostAsync(Never);
        var after = await ClusterAsync(world, c => Begun(c) == 1 && OldestSweep(c) < stopped);
        Assert.InRange(OldestSweep(after)!.Value, OldestSweep(before)!.Value, stopped);
        Assert.Equal(OldestSweep(after), OldestSweep(Assert.Single(after.GetProperty("hosts").EnumerateArray())));
        // Not by /metrics: the exporter collects the meters of every host in this process, also those of other tests.
        var (asked, age) = (DateTimeOffset.UtcNow, host.Services.GetRequiredService<LocalHostStatus>().OldestSweepAge);
        Assert.True(age >= asked - OldestSweep(after)!.Value, $"{age}: {after.GetRawText()}");

        await world.StopLastAsync();
        await world.AddHostAsync(Often);
        await ClusterAsync(world, c => Begun(c) == 1 && OldestSweep(c) > asked);
    }

    [Fact]
    public async Task A_store_of_states_that_cannot_be_reached_stops_no_sweep()
    {
        await using var world = await StartAsync();
        await world.AddHostAsync(Often);
        await DueAsync(world, "ada");
        await Eventually.UntilAsync(() => KeptAsync(world), kept => kept.Sum(k => k.Begun) == 1);

        // Neither a running activation's write nor a new one's read.
        await ChangeAsync(world, "rename column payload to away");
        await Eventually.UntilAsync(() => Logged(world, "cannot be stored"), () => world.Logs.Count);
        await world.StopLastAsync();
        await world.AddHostAsync(Often);
        var started = DateTimeOffset.UtcNow;
        await DueAsync(world, "grace");
        await ClusterAsync(world, c => Begun(c) == 1 && OldestSweep(c) > started);
        await Eventually.UntilAsync(
            () => world.Sandbox.Counters.Refreshes == 2,
            () => world.Sandbox.Counters.Refreshes
        );

        // What was kept before comes back, and what was done meanwhile is added to it.
        await ChangeAsync(world, "rename column away to payload");
        await Eventually.UntilAsync(
            () => KeptAsync(world),
            kept => kept.Sum(k => k.Begun) == 2 && kept.All(k => k.SweptAt > started)
        );
        await ClusterAsync(world, c => Begun(c) == 2);
        await Eventually.UntilAsync(() => Logged(world, "is stored again"), () => world.Logs.Count);
    }

    [Fact]
    public async Task What_another_activation_of_the_shard_has_kept_is_read_again_and_added_to()
    {
        await using var world = await StartAsync();
        var host = await world.AddHostAsync(Often);
        var storage = host.Services.GetRequiredService<IGrainStorage>();
        var shard = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRefreshShardGrain>(0).GetGrainId();
        var other = new GrainState<ShardSweeps>();
        await Eventually.UntilAsync(
            () =>
                Record.ExceptionAsync(async () =>
                {
                    await storage.ReadStateAsync(RefreshShardGrain.TypeName, shard, other);
                    other.State = new ShardSweeps
                    {
                        SweptAt = DateTimeOffset.UtcNow,
                        Silo = "another",
                        Begun = 1_000,
                    };
                    await storage.WriteStateAsync(RefreshShardGrain.TypeName, shard, other);
                }),
            lost => lost is null
        );

        var here = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
        var kept = await Eventually.UntilAsync(
            () => KeptAsync(world),
            kept => kept[0].Silo == here && kept[0].SweptAt > other.State!.SweptAt
        );
        Assert.Equal(1_000, kept[0].Begun);
        await DueAsync(world, "ada");
        await Eventually.UntilAsync(() => KeptAsync(world), all => all.Sum(k => k.Begun) == 1_001);
        await ClusterAsync(world, c => Begun(c) == 1_001);

        // It is no failure of the store: the activation has read again by itself.
        Assert.False(Logged(world, "cannot be stored"));
    }

    /// <summary>A world without hosts; those that are added keep the history every moment, not every minute.</summary>
    private async Task<World> StartAsync()
    {
        var world = await World.StartAsync(0, postgres);
        world.Configure = services => services.AddSingleton(s => Duty(s.GetRequiredService<VaultOptions>()));
        return world;
    }

    private static ShardAssignment Duty(VaultOptions options) =>
        new(options.Silo.Shards, options.SweepInterval, TimeProvider.System)
        {
            KeepEvery = TimeSpan.FromMilliseconds(200),
        };

    private static async Task DueAsync(World world, string user)
    {
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, Provider);
        var rotation = new TokenPolicyPatch { Rotation = RotationBehaviour.SingleUse };
        var seed = new GrantSeed
        {
            Subject = user,
            Policy = rotation,
            AccessExpiresInSeconds = 0,
        };
        var grant = world.Sandbox.Grants.Mint(seed);
        await world.ImportAsync(organization, user, Provider, grant, DateTimeOffset.UtcNow.AddMinutes(-1));
    }

    /// <summary>When every shard has been taken and the rest holds too.</summary>
    private async Task<JsonElement> ClusterAsync(World world, Func<JsonElement, bool> met)
    {
        var shown = await Eventually.UntilAsync(
            () => world.GetAsync("/v1/cluster"),
            reply => Sum(reply.Json, "shards") == Shards && met(reply.Json)
        );
        return shown.Json;
    }

    private async Task<IReadOnlyList<ShardSweeps>> KeptAsync(World world)
    {
        var history = world.Hosts[0].Services.GetRequiredService<ShardHistory>();
        var shards = Enumerable.Range(0, Shards);
        var kept = await Task.WhenAll(shards.Select(s => history.ReadAsync(s, CancellationToken.None)));
        return [.. kept.Select(k => k.State!)];
    }

    private async Task ChangeAsync(World world, string change)
    {
        await using System.Data.Common.DbConnection connection = postgres
            ? new NpgsqlConnection(world.Database)
            : new SqliteConnection($"Data Source={Path.Combine(world.Folder, "host0", "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"alter table {(postgres ? "cluster.grain_state" : "grain_states")} {change}";
        await command.ExecuteNonQueryAsync();
    }

    private static bool Logged(World world, string text) =>
        world.Logs.Any(l => l.Contains(text, StringComparison.Ordinal));

    private static long Begun(JsonElement cluster) => Sum(cluster, "accounts_begun");

    private static long Sum(JsonElement cluster, string figure) =>
        cluster
            .GetProperty("hosts")
            .EnumerateArray()
            .Select(h => h.GetProperty(figure))
            .Where(f => f.ValueKind == JsonValueKind.Number)
            .Sum(f => f.GetInt64());

    private static DateTimeOffset? OldestSweep(JsonElement shown) =>
        shown.GetProperty("oldest_sweep_at") is { ValueKind: JsonValueKind.String } at ? at.GetDateTimeOffset() : null;

    internal static async Task<double> AgeAsync(HttpClient host)
    {
        var found = Gauge().Match(await host.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
        return found.Success ? double.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : -1;
    }

    [GeneratedRegex(@"^vault_sweep_oldest_age_seconds(?:\{[^}]*\})? ([\d.E+-]+)", RegexOptions.Multiline)]
    private static partial Regex Gauge();
}

public sealed class SqliteShardHistoryTests() : ShardHistoryTests(false);

[Collection(ClusterCollection.Name)]
public sealed class PostgresShardHistoryTests() : ShardHistoryTests(true);
