using OpenTelemetry.Metrics;
using Orleans.Configuration;
using Vault.Core.Accounts;
using Vault.Core.Execution;
using Vault.Core.Organizations;
using Vault.Host;
using Vault.Host.Background;
using Vault.Silo.Doors;
using Vault.Silo.Grains;
using Vault.Silo.Setup;
using Vault.Silo.Tls;
using Vault.Silo.Wire;

namespace Vault.Silo;

/// <summary>The embedded host as a member of a cluster: the same rules, store and gateway, with grains for doors and shards for the sweep.</summary>
public static class SiloHost
{
    public static async Task<VaultHost> CreateAsync(SiloSettings options, Action<IServiceCollection>? configure, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var tls = options.Tls ? new ClusterTls(options.Certificate!, options.CertificateKey!, options.Authority!, options.CertificateName) : null;
        if (tls?.Fault() is { } fault) throw new Vault.Host.Setup.StartException(fault);
        var token = await ClusterSchema.ApplyAsync(options.Vault, cancellationToken);

        // A worker alone answers for its health (and /metrics); everything else is the gateways' to answer.
        bool Serves(string path) => options.Role.HasFlag(SiloRole.Gateway) || path.StartsWith("/health/", StringComparison.Ordinal);
        return await VaultHost.CreateAsync(options.Vault, configure, builder => Join(builder, options, tls, token), Serves, cancellationToken);
    }

    private static void Join(WebApplicationBuilder builder, SiloSettings options, ClusterTls? tls, MemberToken token)
    {
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(token);
        services.AddSingleton<GrainCalls>();
        services.AddSingleton<LostExecutions>();
        services.AddSingleton<GatewayPipeline>();
        services.AddSingleton<Orleans.Runtime.IFatalErrorHandler, LastRefreshes>();
        services.AddSingleton<IAccounts, ClusterAccounts>();
        services.AddSingleton<IOrganizations, ClusterOrganizations>();
        services.AddSingleton<IHostCensus, SiloCensus>();
        services.AddSingleton(new SweepDuty(options.Shards, options.Vault.SweepInterval));
        services.AddVaultWire();
        builder.Logging.AddFilter("Polly", LogLevel.Warning).AddFilter("Orleans", options.Vault.LogLevel < LogLevel.Information ? options.Vault.LogLevel : LogLevel.Warning);
        services.ConfigureOpenTelemetryMeterProvider(m => m.AddMeter("Microsoft.Orleans"));

        // Registered after the vault's own services and before the web server: the server stops first, then the silo drains, and what it calls is there until it has.
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.Cluster, "vault-" + options.Cluster));
            silo.Configure<SiloOptions>(o => o.SiloName = $"{Environment.MachineName}:{options.Port}");
            silo.ConfigureEndpoints(options.Address, options.Port, options.ClientPort, listenOnAnyHostAddress: false);
            silo.Configure<ClusterMembershipOptions>(RecoverSoon);
            silo.AddIncomingGrainCallFilter<MembersOnly>();
            silo.AddOutgoingGrainCallFilter<MembersOnly>();

            // A silo that leaves refuses what it does not begin, and the sender's door sends it again. Were it to pass a call on, the sender would go on waiting for
            // this silo, and give the call up as lost when this one has left, though another is carrying it out.
            //
            // It also stays for a while when nothing runs on it any more, before it writes itself dead: whoever hears of a death gives up at once what is out to the
            // dead, and the refusal that is under way to it comes too late. By then nobody sends to this silo any longer.
            silo.Configure<SiloMessagingOptions>(o => (o.MaxForwardCount, o.WaitForMessageToBeQueuedForOutboundTime) = (0, TimeSpan.FromSeconds(2)));
            var database = ClusterSchema.ConnectionString(options.Vault);
            silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database));
            silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database));
            silo.AddAdoNetGrainStorageAsDefault(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database));
            silo.Configure<SiloConnectionOptions>(o =>
            {
                if (tls is null) return;
                o.ConfigureSiloInboundConnection(tls.Listen);
                o.ConfigureSiloOutboundConnection(tls.Connect);
                o.ConfigureGatewayInboundConnection(tls.Listen);
            });
            if (!options.Role.HasFlag(SiloRole.Worker)) silo.Configure<GrainTypeOptions>(OwnNothing);
        });
        if (options.Role.HasFlag(SiloRole.Worker)) services.AddHostedService<ShardWatch>();
    }

    /// <summary>
    /// Calls recover about 3 s after a silo is killed and 5 s after it freezes; one that pauses for 3 s is not evicted. A vote against a silo is held back while anything came from it
    /// within MaxProbeTimeout times NumMissedProbesLimit, which by default is a minute.
    /// </summary>
    private static void RecoverSoon(ClusterMembershipOptions o)
    {
        o.ProbeTimeout = TimeSpan.FromSeconds(1);
        o.MinProbeTimeout = TimeSpan.FromSeconds(1);
        o.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
        o.NumMissedProbesLimit = 3;
        o.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);

        // A silo that cannot reach the others (a network, a certificate) gives up and leaves them alone; its supervisor starts it again.
        o.MaxJoinAttemptTime = TimeSpan.FromSeconds(60);
        o.EvictWhenMaxJoinAttemptTimeExceeded = false;
    }

    // A gateway does not even know the grains' classes, so none is placed on it.
    private static void OwnNothing(GrainTypeOptions o)
    {
        o.Classes.Remove(typeof(ConnectedAccountGrain));
        o.Classes.Remove(typeof(OrganizationGrain));
        o.Classes.Remove(typeof(RefreshShardGrain));
    }
}
