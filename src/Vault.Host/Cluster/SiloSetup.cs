using System.Net;
using System.Security.Cryptography;
using OpenTelemetry.Metrics;
using Orleans.Configuration;
using Orleans.Providers;
using Orleans.Runtime.Hosting;
using Vault.Client.Cluster;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Offboarding;
using Vault.Core.Operations;
using Vault.Core.Refresh;
using Vault.Host.Background;
using Vault.Host.Grains;
using Vault.Host.Observability;
using Vault.Host.Options;
using Vault.Host.Routing;
using Vault.Storage;
using Vault.Storage.Cluster;

namespace Vault.Host.Cluster;

/// <summary>
/// Configures the silo of a host. On SQLite the silo is single: membership and reminders in memory, no cluster port. On
/// PostgreSQL it joins a cluster of one or more silos, which find each other in the database.
/// </summary>
internal static class SiloSetup
{
    // Only a name: a single silo is never reached at this address.
    private static readonly IPEndPoint Alone = new(IPAddress.Loopback, 11_111);

    /// <exception cref="StartException">The certificates cannot be used.</exception>
    public static ClusterTls? OpenCertificates(SiloSettings silo)
    {
        var tls = silo.Tls
            ? new ClusterTls(silo.Certificate!, silo.CertificateKey!, silo.Authority!, silo.CertificateName)
            : null;
        return tls?.Fault() is { } fault ? throw new StartException(fault) : tls;
    }

    /// <summary>Returns the secret that the silos of one database share.</summary>
    /// <exception cref="StartException">The cluster's schema cannot be created.</exception>
    public static async Task<MemberToken> JoinDatabaseAsync(VaultOptions options, CancellationToken cancellationToken)
    {
        if (!options.Postgres)
            return new MemberToken(RandomNumberGenerator.GetHexString(64));
        try
        {
            return new MemberToken(
                await ClusterSchema.ApplyAsync(options.DatabaseOwner ?? options.Database!, cancellationToken)
            );
        }
        catch (StoreUnavailableException e)
        {
            throw new StartException("The PostgreSQL database cannot be used: " + e.Message);
        }
    }

    /// <summary>
    /// Call after the registration of the vault's services and before that of the web server. The server then stops
    /// first, the silo drains next, and the services it uses stop last.
    /// </summary>
    public static void AddVaultSilo(
        this WebApplicationBuilder builder,
        VaultOptions options,
        ClusterTls? tls,
        MemberToken token
    )
    {
        var (services, settings) = (builder.Services, options.Silo);
        services.AddSingleton(settings);
        services.AddSingleton(token);
        services.AddSingleton<GrainCalls>();
        services.AddSingleton<LostExecutions>();
        services.AddSingleton<LocalActivations>();
        services.AddSingleton<GatewayPipeline>();
        services.AddSingleton<Orleans.Runtime.IFatalErrorHandler, DrainOnFatalError>();
        services.AddSingleton<IAccounts, ClusterAccounts>();
        services.AddSingleton<IToolRuns, ClusterToolRuns>();
        services.AddSingleton<IOrganizations, ClusterOrganizations>();
        services.AddSingleton<OtherSilos>();
        services.AddSingleton<SiloClusterStatus>();
        services.AddSingleton<IClusterStatus>(s => s.GetRequiredService<SiloClusterStatus>());
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<IReadiness, Readiness>();
        services.AddSingleton<ILiveness, Liveness>();
        services.AddSingleton<SiloCheckClient>();
        services.AddSingleton(s => new ShardAssignment(
            settings.Shards,
            options.SweepInterval,
            s.GetRequiredService<TimeProvider>()
        ));
        services.AddSingleton<ShardHistory>();
        services.AddVaultWire();
        builder
            .Logging.AddFilter("Polly", LogLevel.Warning)
            .AddFilter("Orleans", options.LogLevel < LogLevel.Information ? options.LogLevel : LogLevel.Warning);

        // At every start Orleans recommends the server garbage collector, which uses memory for each core that a small
        // host does not need.
        builder.Logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        // The code that reads or writes a state logs its failure once; the provider would log it for each grain.
        if (options.LogLevel >= LogLevel.Information)
            builder.Logging.AddFilter("Orleans.Storage", LogLevel.None);
        services.ConfigureOpenTelemetryMeterProvider(m => m.AddMeter("Microsoft.Orleans"));
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(o =>
                (o.ClusterId, o.ServiceId) = (settings.Cluster, "vault-" + settings.Cluster)
            );
            silo.AddGrainService<SiloCheck>();
            silo.AddIncomingGrainCallFilter<ClusterCallFilter>();
            silo.AddOutgoingGrainCallFilter<ClusterCallFilter>();

            // Plain JSON: a version may add members and ignores unknown ones, and an operator can read it.
            silo.UseSystemTextJsonGrainStorageSerializer();
            if (options.Postgres)
                ConfigureMember(silo, options, tls);
            else
                ConfigureSingle(silo);
            if (!settings.Role.HasFlag(SiloRole.Worker))
                silo.Configure<GrainTypeOptions>(ExcludeGrains);
        });
        if (settings.Role.HasFlag(SiloRole.Worker))
            services.AddHostedService<ShardWatch>();
    }

    private static void ConfigureSingle(ISiloBuilder silo)
    {
        silo.Configure<SiloOptions>(o => o.SiloName = Environment.MachineName);
        silo.ConfigureEndpoints(Alone.Address, Alone.Port, gatewayPort: 0);
        silo.UseDevelopmentClustering(Alone);
        silo.UseInMemoryReminderService();
        silo.Services.AddGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, static (s, _) =>
            ActivatorUtilities.CreateInstance<SqliteGrainStorage>(s, s.GetRequiredService<VaultStore>().GrainStates!)
        );
        NoClusterPort.Install(silo.Services);
    }

    private static void ConfigureMember(ISiloBuilder silo, VaultOptions options, ClusterTls? tls)
    {
        var (settings, database) = (options.Silo, ClusterSchema.ConnectionString(options.Database!));
        silo.Configure<SiloOptions>(o => o.SiloName = $"{Environment.MachineName}:{settings.Port}");
        silo.ConfigureEndpoints(settings.Address, settings.Port, settings.ClientPort, listenOnAnyHostAddress: false);
        silo.Configure<ClusterMembershipOptions>(TuneFailureDetection);

        // A leaving silo rejects requests that it has not begun, and the sender resends them. If it forwarded them
        // instead, the sender would keep waiting for this silo and report the call as lost once this silo has left,
        // although another one executes it. After the last request the silo waits before it marks itself dead: peers
        // fail outstanding calls as soon as they see the death, and a rejection already on its way would arrive too
        // late.
        silo.Configure<SiloMessagingOptions>(o =>
            (o.MaxForwardCount, o.WaitForMessageToBeQueuedForOutboundTime) = (0, TimeSpan.FromSeconds(2))
        );
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database));
        silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database));
        silo.AddAdoNetGrainStorageAsDefault(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database));
        if (tls is not null)
            silo.UseClusterTls(tls);
    }

    /// <summary>
    /// Calls recover about 3 s after a silo is killed and 5 s after it freezes; a silo that pauses for 3 s is not
    /// evicted. A vote against a silo is suspended while any message from it arrived within MaxProbeTimeout times
    /// NumMissedProbesLimit, which is a minute by default.
    /// </summary>
    private static void TuneFailureDetection(ClusterMembershipOptions o)
    {
        o.ProbeTimeout = TimeSpan.FromSeconds(1);
        o.MinProbeTimeout = TimeSpan.FromSeconds(1);
        o.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
        o.NumMissedProbesLimit = 3;
        o.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);

        // A silo that cannot reach the others (network, certificate) stops and does not disturb them; its supervisor
        // restarts it.
        o.MaxJoinAttemptTime = TimeSpan.FromSeconds(60);
        o.EvictWhenMaxJoinAttemptTimeExceeded = false;
    }

    // A gateway does not register the grain classes, so no grain is placed on it.
    private static void ExcludeGrains(GrainTypeOptions o)
    {
        o.Classes.Remove(typeof(ConnectedAccountGrain));
        o.Classes.Remove(typeof(OrganizationGrain));
        o.Classes.Remove(typeof(RefreshShardGrain));
    }
}
