using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Vault.Client.Cluster;

/// <summary>
/// An <see cref="IVaultClient"/> for runtimes in the cluster's network: it connects to every silo with a client port,
/// without HTTP and without a load balancer. It is the HTTP client with another transport, so retries, idempotency and
/// errors are the same. A call to a silo that dies fails at once, like an HTTP request with a broken connection, and is
/// retried through another silo with the same idempotency key.
/// </summary>
public sealed class VaultClusterClient : IVaultClient, IAsyncDisposable
{
    private readonly IHost? _own;
    private readonly HttpClient _http;
    private readonly VaultClient _vault;

    /// <param name="cluster">An existing cluster client, configured with
    /// <see cref="LostGateways.FailCallsOfLostGateways"/>, or a silo's grain factory.</param>
    /// <param name="apiKey"><c>vk_live_…</c></param>
    /// <param name="organizationId"><c>org_…</c></param>
    public VaultClusterClient(IGrainFactory cluster, string apiKey, string? organizationId = null)
        : this(cluster, apiKey, organizationId, null) { }

    private VaultClusterClient(IGrainFactory cluster, string apiKey, string? organizationId, IHost? own)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _own = own;
        _http = new HttpClient(new GrainHandler(cluster)) { Timeout = Timeout.InfiniteTimeSpan };

        // A placeholder host: the handler uses only path and query.
        _vault = new VaultClient(
            new VaultClientOptions
            {
                BaseAddress = new Uri("https://vault.cluster"),
                ApiKey = apiKey,
                OrganizationId = organizationId,
            },
            _http
        );
    }

    /// <summary>Connects to a cluster; retries until it finds a silo with a client port.</summary>
    /// <exception cref="ArgumentException">An option is invalid; the message names it.</exception>
    public static async Task<VaultClusterClient> ConnectAsync(
        VaultClusterOptions options,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Fault is { } fault)
            throw new ArgumentException(fault, nameof(options));
        var tls = options.Certificate is { } own
            ? new ClusterTls(own, options.CertificateKey!, options.Authority!, options.CertificateName)
            : null;
        if (tls?.Fault() is { } refused)
            throw new ArgumentException(refused, nameof(options));
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(o =>
                (o.ClusterId, o.ServiceId) = (options.Cluster, "vault-" + options.Cluster)
            );
            client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromSeconds(3));
            var database = new NpgsqlConnectionStringBuilder(options.Database)
            {
                SearchPath = "cluster",
                ApplicationName = "vault-client",
                MinPoolSize = 0,
                MaxPoolSize = 2,
                PersistSecurityInfo = false,
            };
            client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database.ToString()));
            client.UseConnectionRetryFilter(
                async (_, stop) =>
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(500), stop).ConfigureAwait(false);
                    return true;
                }
            );
            if (tls is not null)
                client.UseClusterTls(tls);
            client.FailCallsOfLostGateways();
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
            return new VaultClusterClient(
                host.Services.GetRequiredService<IClusterClient>(),
                options.ApiKey,
                options.OrganizationId,
                host
            );
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    public Task<Execution> ExecuteAsync(ToolCall call, CancellationToken cancellationToken = default) =>
        _vault.ExecuteAsync(call, cancellationToken);

    public IAsyncEnumerable<Execution> ExecutePagesAsync(
        ToolCall call,
        CancellationToken cancellationToken = default
    ) => _vault.ExecutePagesAsync(call, cancellationToken);

    public IAsyncEnumerable<ToolDescription> ListToolsAsync(
        ToolFilter? filter = null,
        CancellationToken cancellationToken = default
    ) => _vault.ListToolsAsync(filter, cancellationToken);

    public Task<ConnectLink> CreateLinkAsync(LinkRequest request, CancellationToken cancellationToken = default) =>
        _vault.CreateLinkAsync(request, cancellationToken);

    public IAsyncEnumerable<ConnectedAccount> ListAccountsAsync(
        AccountFilter? filter = null,
        CancellationToken cancellationToken = default
    ) => _vault.ListAccountsAsync(filter, cancellationToken);

    public Task<ConnectedAccount> GetAccountAsync(
        string connectedAccountId,
        CancellationToken cancellationToken = default
    ) => _vault.GetAccountAsync(connectedAccountId, cancellationToken);

    public Task<RevocationReceipt> RevokeAccountAsync(
        string connectedAccountId,
        CancellationToken cancellationToken = default
    ) => _vault.RevokeAccountAsync(connectedAccountId, cancellationToken);

    public Task<ExecutionRecord> GetExecutionAsync(string executionId, CancellationToken cancellationToken = default) =>
        _vault.GetExecutionAsync(executionId, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _vault.Dispose();
        _http.Dispose();
        if (_own is null)
            return;
        await _own.StopAsync(CancellationToken.None).ConfigureAwait(false);
        _own.Dispose();
    }
}
