using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Sealing;
using Vault.Gateway;
using Vault.Host.Background;
using Vault.Host.Cluster;
using Vault.Host.Composition;
using Vault.Host.Development;
using Vault.Host.Observability;
using Vault.Host.Options;
using Vault.Providers.Packs;
using Vault.Providers.Upstream;
using Vault.Storage;

namespace Vault.Host;

/// <summary>
/// The program: a web server and a silo in one process, single on SQLite, or on PostgreSQL a member of a cluster of one
/// or more.
/// </summary>
public sealed class VaultHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly VaultStore _store;
    private readonly DataFolder _folder;
    private readonly IKeyWrapper _masterKey;

    private VaultHost(WebApplication app, VaultStore store, DataFolder folder, IKeyWrapper masterKey) =>
        (_app, _store, _folder, _masterKey) = (app, store, folder, masterKey);

    /// <summary>Version and commit of the build.</summary>
    public static string Version { get; } =
        typeof(VaultHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public IServiceProvider Services => _app.Services;

    /// <summary>The address it listens on, with the actual port when the options have port 0.</summary>
    public string Url => _app.Urls.First();

    /// <param name="configure">Tests replace ports here (a clock, checkpoints); production passes nothing.</param>
    /// <exception cref="StartException">The host cannot start; the message gives the reason and the fix.</exception>
    public static async Task<VaultHost> CreateAsync(
        VaultOptions options,
        Action<IServiceCollection>? configure,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.Development)
            ProcessMemory.KeepPrivate();
        var entropy = new SystemEntropy();
        var folder = new DataFolder(options.Data, holdsDatabase: !options.Postgres);
        IKeyWrapper? masterKey = null;
        VaultStore? store = null;
        var tls = SiloSetup.OpenCertificates(options.Silo);
        try
        {
            store = await StoreSetup.OpenAsync(options, new LedgerEntryWriter(entropy), cancellationToken);
            masterKey = await MasterKeys.OpenAsync(options, store, entropy, cancellationToken);
            var token = await SiloSetup.JoinDatabaseAsync(options, cancellationToken);
            var spool = StoreSetup.OpenSpool(options);

            // The vault's own option decides about development; ASP.NET's Development environment would add a page with
            // stack traces around every request.
            var builder = WebApplication.CreateSlimBuilder(
                new WebApplicationOptions { ApplicationName = "vault-host", EnvironmentName = "Production" }
            );
            builder.Configuration.Sources.Clear();
            builder.AddVaultTelemetry(options);
            builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
            // Continue on the socket thread instead of hopping to the pool: saves two context switches per request.
            // Safe because no request blocks its thread for longer than a query of a local database, and other
            // connections use other threads.
            builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
            builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(o =>
                o.ShutdownTimeout = options.ShutdownTimeout
            );
            builder.Services.AddVaultCore(options);
            builder.Services.AddVaultStorage(store, spool, folder, masterKey);
            if (options is { Development: true, Checkpoint: { } checkpoint })
                builder.Services.AddProcessCheckpoints(checkpoint, store.Ledger, spool);
            builder.Services.AddVaultProviders(options);
            builder.Services.AddVaultHttp(options);
            builder.Services.AddHostedService<DueSweeper>();
            builder.Services.AddHostedService(s => new Maintenance(
                Maintenance.All(s),
                s.GetRequiredService<VaultMetrics>(),
                s.GetRequiredService<TimeProvider>(),
                s.GetRequiredService<ILogger<Maintenance>>()
            ));
            builder.AddVaultSilo(options, tls, token);
            configure?.Invoke(builder.Services);

            var app = builder.Build();
            if (options.TrustedProxies.Count > 0)
                app.UseForwardedHeaders(Forwarded(options.TrustedProxies));

            // By the port that the connection came to: a Host header is the caller's to choose.
            if (options.MetricsListen is { } metrics)
                app.Use(
                    async (http, next) =>
                    {
                        var (own, path) = (http.Connection.LocalPort == metrics.Port, http.Request.Path);
                        if (
                            own
                                ? path.StartsWithSegments("/metrics") || path.StartsWithSegments("/health")
                                : !path.StartsWithSegments("/metrics")
                        )
                            await next(http);
                        else
                            http.Response.StatusCode = StatusCodes.Status404NotFound;
                    }
                );

            // A worker serves its health routes (and /metrics); the gateways serve all others.
            app.MapVaultGateway(path =>
                options.Silo.Role.HasFlag(SiloRole.Gateway) || path.StartsWith("/health/", StringComparison.Ordinal)
            );
            app.MapPrometheusScrapingEndpoint("/metrics");
            Observe(app.Services);
            await LoadPacksAsync(app, cancellationToken);
            return new VaultHost(app, store, folder, masterKey);
        }
        catch
        {
            if (store is not null)
                await store.DisposeAsync();
            (masterKey as IDisposable)?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Starts the host; returns the first administrator's key if it was just created. It cannot be shown again.
    /// </summary>
    public async Task<Secret?> StartAsync(CancellationToken cancellationToken)
    {
        var clock = Services.GetRequiredService<DatabaseClock>();
        if (await clock.OffAsync(cancellationToken) is var off && off > clock.Allowed)
        {
            throw new StartException(
                $"This machine's clock differs by {off.TotalSeconds:0.0} s from the database's; "
                    + $"{clock.Allowed.TotalSeconds:0.0} s "
                    + "are allowed, which is half of VAULT_CLOCK_SKEW_MS. Set the clocks (NTP), or raise "
                    + "VAULT_CLOCK_SKEW_MS and "
                    + "VAULT_REFRESH_LEASE_MS on every host."
            );
        }

        var started = new { version = Version, options = Services.GetRequiredService<VaultOptions>().Given };
        var unrecorded = await Services
            .GetRequiredService<PlatformLedger>()
            .RecordAsync(LedgerEvents.HostStarted, "system", started, cancellationToken);
        if (unrecorded is not null)
            throw new StartException("The start could not be recorded in the platform's ledger: " + unrecorded.Detail);

        Secret? first = null;
        if (!await _store.ApiKeys.AnyAsync(cancellationToken))
        {
            var made = await Services.GetRequiredService<ApiKeys>().CreateFirstAsync(cancellationToken);
            first =
                made.TryGet(out var issued, out var error) ? issued.Text
                : error.Code == ErrorCatalogue.Conflict ? null
                : throw new StartException("The first key could not be created: " + error.Detail);
        }

        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new StartException($"The host cannot listen: {e.Message} Set VAULT_LISTEN to another address.");
        }
        catch (AddressInUseException)
        {
            throw new StartException(
                "The silo port or the client port is in use. Set VAULT_SILO_PORT or VAULT_CLIENT_PORT to another."
            );
        }

        return first;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public Task WaitForShutdownAsync(CancellationToken cancellationToken) =>
        _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _store.DisposeAsync();
        (_masterKey as IDisposable)?.Dispose();
        _folder.Dispose();
    }

    // Only the client address is forwarded: the public URL is an option, and no header may change it.
    private static ForwardedHeadersOptions Forwarded(IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor,
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            options.KnownIPNetworks.Add(proxy);
        return options;
    }

    private static void Listen(KestrelServerOptions kestrel, VaultOptions options)
    {
        kestrel.AddServerHeader = false;
        // A bare LF ends no line: a proxy in front that reads it otherwise would see other requests than this host.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        Listen(kestrel, options.Listen, "VAULT_LISTEN (--listen)");
        if (options.MetricsListen is { } metrics)
            Listen(kestrel, metrics, "VAULT_METRICS_LISTEN (--metrics-listen)");
    }

    private static void Listen(KestrelServerOptions kestrel, Uri at, string option)
    {
        if (at.Host == "localhost")
            kestrel.ListenLocalhost(at.Port);
        else if (IPAddress.TryParse(at.Host.Trim('[', ']'), out var address))
            kestrel.Listen(address, at.Port);
        else
            throw new StartException(
                $"{option}: '{at.Host}' is not an address of this machine; give an IP address, for example "
                    + $"http://0.0.0.0:{at.Port}."
            );
    }

    private static void Observe(IServiceProvider services)
    {
        var (metrics, writer, own) = (
            services.GetRequiredService<VaultMetrics>(),
            services.GetRequiredService<LedgerWriter>(),
            services.GetRequiredService<LocalHostStatus>()
        );
        metrics.Observe("vault.ledger.waiting", "Ledger entries waiting for their commit.", () => writer.Waiting);
        var answers = services.GetRequiredService<AnswerBudget>();
        metrics.Observe("vault.answers.memory", "Memory that large provider responses take.", () => answers.Used, "By");
        metrics.Observe("vault.refreshes.under_way", "Refreshes that this host has begun and not finished.", () =>
            own.RefreshesUnderWay
        );
        metrics.Observe("vault.sweep.shards", "Shards of the due index that this host sweeps.", () => own.Shards);
        metrics.Observe(
            "vault.sweep.oldest_age",
            "Time since the oldest complete sweep of a shard: of this host's shards and of those without a host.",
            () => own.OldestSweepAge.TotalSeconds,
            "s"
        );
    }

    private static async Task LoadPacksAsync(WebApplication app, CancellationToken cancellationToken)
    {
        var log = app.Services.GetRequiredService<ILogger<VaultHost>>();
        foreach (var refusal in await app.Services.GetRequiredService<PackCatalogue>().LoadAsync(cancellationToken))
            log.LogError("A provider pack was not loaded: {Refusal}", refusal.ToString());
    }
}
