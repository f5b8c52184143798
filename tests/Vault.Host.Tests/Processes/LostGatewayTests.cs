using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using Vault.Client;
using Vault.Client.Cluster;
using Vault.Host.Tests.Cluster;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>
/// An Orleans client whose gateway dies while it has calls out to it. An attempt may take two minutes and the grain's
/// answer three, so a call that nothing ends runs into the limit of one minute here.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class LostGatewayTests : IDisposable
{
    private const string Provider = "sandbox_grace";
    private const int Writes = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("vault-gateways-").FullName;
    private readonly ClusterCertificates _certificates;

    public LostGatewayTests() => _certificates = new ClusterCertificates(_folder);

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("STOP")]
    public async Task Writes_out_to_a_lost_gateway_end_as_unknown_and_the_next_calls_go_through_another(string signal)
    {
        await using var world = await ProcessWorld.StartAsync(0);
        var organization = await StartAsync(world);
        await using var vault = await ClientAsync(world, organization);

        // The provider has carried the writes out and does not answer.
        var held = world.Hold(FaultTarget.Api, Writes);
        var writes = Enumerable.Range(0, Writes).Select(i => WriteAsync(vault, i)).ToList();
        await Eventually.DoneAsync(held.ReachedAsync(Writes), () => held.Arrived);
        await world.Silos[await GatewayAsync(world)].SignalAsync(signal);

        foreach (var write in writes)
            await Assert.ThrowsAsync<OutcomeUnknownException>(() => write.WaitAsync(Limit));

        Assert.Equal(Writes, world.Sandbox.Counters.ApiCallsByPath["POST /api/items"]);

        // The silo had a part of the directory as well. An account whose place was listed there takes calls again when
        // the slow one has ended (docs/cluster.md, "What is not promised").
        held.Open();
        for (var user = 0; user < Writes; user++)
            Assert.Equal("succeeded", (await ReadAsync(vault, user).WaitAsync(Limit)).Outcome);
    }

    [Fact]
    public async Task A_read_out_to_a_lost_gateway_is_answered_by_another()
    {
        await using var world = await ProcessWorld.StartAsync(0);
        var organization = await StartAsync(world);
        await using var vault = await ClientAsync(world, organization);
        var execution = (await ReadAsync(vault, 0)).ExecutionId;

        // The gateway is asking the database, which does not answer.
        await using var database = NpgsqlDataSource.Create(world.Database);
        await using (var holder = await database.OpenConnectionAsync())
        {
            await using var transaction = await holder.BeginTransactionAsync();
            const string Lock = "lock table vault.ledger_entries in access exclusive mode";
            await using (var hold = new NpgsqlCommand(Lock, holder, transaction))
                await hold.ExecuteNonQueryAsync();
            var read = vault.GetExecutionAsync(execution);
            await WaitingAsync(database);
            await world.Silos[await GatewayAsync(world)].SignalAsync("KILL");
            await transaction.RollbackAsync();
            Assert.Equal("finished", (await read.WaitAsync(Limit)).State);
        }
    }

    /// <summary>Two gateways that take clients, and a worker: the writes go on there when their gateway dies.</summary>
    private async Task<string> StartAsync(ProcessWorld world)
    {
        foreach (var role in new[] { "gateway", "gateway", "worker" })
        {
            var port = FreePorts.Next().ToString(CultureInfo.InvariantCulture);
            string[] clients = role == "gateway" ? ["--client-port", port] : [];
            await world.AddAsync(["--role", role, .. clients, .. _certificates.Options()]);
        }

        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i < Writes; i++)
            await world.ConnectAsync(organization, "user" + i, Provider);
        return organization;
    }

    private Task<VaultClusterClient> ClientAsync(ProcessWorld world, string organization)
    {
        var own = _certificates.Options();
        return VaultClusterClient.ConnectAsync(
            new VaultClusterOptions
            {
                Database = world.Database,
                ApiKey = world.Key,
                OrganizationId = organization,
                Certificate = own[1],
                CertificateKey = own[3],
                Authority = own[5],
            }
        );
    }

    private static Task<Execution> ReadAsync(VaultClusterClient vault, int user) =>
        vault.ExecuteAsync(new ToolCall(Provider + "_get_profile") { UserId = "user" + user });

    private static Task<Execution> WriteAsync(VaultClusterClient vault, int user)
    {
        var call = new ToolCall(Provider + "_create_item") { UserId = "user" + user, Input = new { name = "once" } };
        return vault.ExecuteAsync(call);
    }

    /// <summary>
    /// The silo that the client's calls are out to: it has the gateway's grain. Orleans removes that grain soon after
    /// its last call, and a silo that is slow to answer is listed without grains.
    /// </summary>
    private static async Task<int> GatewayAsync(ProcessWorld world)
    {
        var cluster = await Eventually.UntilAsync(
            () => world.GetAsync(0, "/v1/cluster"),
            c => c.Status == HttpStatusCode.OK && Gateways(c.Json).Count == 1
        );
        var address = Gateways(cluster.Json)[0];
        var ports = world.Silos.Select(s => $"127.0.0.1:{s.Port}@").ToList();
        return ports.FindIndex(p => address.StartsWith(p, StringComparison.Ordinal));
    }

    private static List<string> Gateways(JsonElement cluster)
    {
        var hosts = cluster.GetProperty("hosts").EnumerateArray().Where(HasGateway);
        return [.. hosts.Select(h => h.GetProperty("address").GetString()!)];
    }

    private static bool HasGateway(JsonElement host) =>
        host.GetProperty("grains") is { ValueKind: JsonValueKind.Array } grains
        && grains.EnumerateArray().Any(g => g.GetProperty("type").GetString() == "gateway");

    private static async Task WaitingAsync(NpgsqlDataSource database)
    {
        await using var waiting = database.CreateCommand(
            "select count(*) from pg_locks where relation = 'vault.ledger_entries'::regclass and not granted"
        );
        await Eventually.UntilAsync(() => waiting.ExecuteScalarAsync(), count => (long)count! > 0);
    }
}
