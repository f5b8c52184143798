using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;
using Vault.Core.Ledger;
using Vault.Host.Cluster;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Suite;

/// <summary>
/// A <see cref="TestCluster"/> of three silos, each with a gateway, on one PostgreSQL, which is also where they find
/// each other.
/// </summary>
internal sealed class ThreeSilos : IAsyncDisposable
{
    private const string DatabaseSetting = "Vault:Database";
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-testcluster-").FullName;
    private readonly ConcurrentQueue<string> _logs = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly IReadOnlyList<string> _options;
    private readonly string _database;
    private string _key = "";

    private ThreeSilos(string database, IReadOnlyList<string> options)
    {
        (_database, _options) = (database, options);
        File.WriteAllText(MasterKey, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(MasterKey, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var builder = new TestClusterBuilder(3) { CreateSiloAsync = StartAsync };
        builder.Options.ServiceId = "vault-" + builder.Options.ClusterId;
        builder.Options.UseTestClusterMembership = false;
        builder.Options.InitializeClientOnDeploy = false;
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureHostConfiguration(c => c.AddInMemoryCollection([new(DatabaseSetting, database)]));
        builder.AddClientBuilderConfigurator<OrdinaryClient>();
        Cluster = builder.Build();
    }

    public TestCluster Cluster { get; }

    public IReadOnlyList<VaultSilo> Silos => [.. Cluster.Silos.Cast<VaultSilo>()];

    public string Database => _database;

    private string MasterKey => Path.Combine(_folder, "master.key");

    public static async Task<ThreeSilos> StartAsync(IReadOnlyList<string> options)
    {
        var silos = new ThreeSilos(await TestDatabase.CreateAsync(), options);
        await silos.Cluster.DeployAsync();
        return silos;
    }

    public SharedHosts Share(bool once) =>
        new([.. Silos.Select(s => s.Url)], _key, _folder, _database, _logs, this) { Once = once };

    public async ValueTask DisposeAsync()
    {
        await Cluster.StopAllSilosAsync();
        await Cluster.DisposeAsync();
        _turn.Dispose();
    }

    private async Task<SiloHandle> StartAsync(string name, IConfiguration configuration)
    {
        // One after the other: the first makes the schema and the administrator's key.
        await _turn.WaitAsync();
        try
        {
            var (settings, faults) = VaultOptions.Read(
                [
                    "--listen",
                    "http://127.0.0.1:" + FreePorts.Next(),
                    "--environment",
                    "development",
                    "--data",
                    Path.Combine(_folder, name),
                    "--master-key-file",
                    MasterKey,
                    "--store",
                    "postgres",
                    "--database",
                    _database + SharedHosts.Pool,
                    "--cluster",
                    configuration["Orleans:ClusterId"]!,
                    "--silo-port",
                    configuration["Orleans:Endpoints:SiloPort"]!,
                    "--client-port",
                    configuration["Orleans:Endpoints:GatewayPort"]!,
                    .. _options,
                ],
                []
            );
            Assert.Empty(faults);

            var host = await VaultHost.CreateAsync(
                settings!,
                s => Patient(s).AddSingleton<ILoggerProvider>(new LogTap(_logs)),
                CancellationToken.None
            );
            using (var first = await host.StartAsync(CancellationToken.None))
                if (first is not null)
                    _key = first.RevealText();
            return new VaultSilo(name, host);
        }
        finally
        {
            _turn.Release();
        }
    }

    // Silos of one process pause together, and one that finds itself evicted ends the process: deaths are for the tests
    // that have processes. Nor does a machine that carries three silos, the provider and the callers at once write a
    // thousand ledger entries as soon as each silo on its own would.
    private static IServiceCollection Patient(IServiceCollection services) =>
        services
            .Configure<ClusterMembershipOptions>(o => o.NumMissedProbesLimit = 60)
            .AddSingleton(new LedgerWriterOptions { AppendTimeout = TimeSpan.FromMinutes(1) });

    /// <summary>As any program of the cluster's network may be: it knows the wire and the grains.</summary>
    private sealed class OrdinaryClient : IClientBuilderConfigurator
    {
        public void Configure(IConfiguration configuration, IClientBuilder clientBuilder)
        {
            clientBuilder.UseAdoNetClustering(o =>
                (o.Invariant, o.ConnectionString) = ("Npgsql", configuration[DatabaseSetting] + ";Search Path=cluster")
            );
            clientBuilder.Services.AddVaultWire();
        }
    }
}
