using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Execution;
using Vault.Core.Ledger;
using Vault.Core.Scopes;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Approvals;
using Vault.Gateway.Rest.ConnectedAccounts;
using Vault.Gateway.Rest.Docs;
using Vault.Gateway.Rest.Executions;
using Vault.Gateway.Rest.Tools;

namespace Vault.Gateway;

/// <summary>
/// The HTTP API. A host registers the ports (stores, <c>IAccounts</c>, <c>IToolRuns</c>, <c>IOrganizations</c>,
/// <c>IPacks</c>, <c>ITokenEndpoint</c>, <c>ILedger</c>, <c>IEntropy</c>, a clock, <c>PublicAddress</c>, <c>Sealer</c>,
/// <c>Keyring</c>, <c>GrantSealing</c>, <c>TokenClients</c>, <c>ToolExecutor</c>, <c>OutputKeeper</c>,
/// <c>IReadiness</c>, <c>ILiveness</c>, <c>IClusterStatus</c>) and then calls these two methods.
/// </summary>
public static class VaultGateway
{
    /// <exception cref="ArgumentException">The options are invalid; the message lists every fault.</exception>
    public static IServiceCollection AddVaultGateway(this IServiceCollection services, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        services.AddSingleton(options);
        AddCore(services, options);
        services
            .AddSingleton<Authentication>()
            .AddSingleton<RateLimits>()
            .AddSingleton<BodyReader>()
            .AddSingleton<IdempotentCalls>()
            .AddSingleton<ResponseWriter>()
            .AddSingleton<RoutePipeline>();
        services.AddSingleton<ConnectCookie>().AddSingleton<AccountFinder>().AddSingleton<AccountLister>();
        services
            .AddSingleton<ToolRequirements>()
            .AddSingleton<OfferedTools>()
            .AddSingleton<ExecutionFinder>()
            .AddSingleton<ApprovalDecision>()
            .AddSingleton<OpenApiSource>();
        services.AddHostedService<KeyUseWriter>();
        Routes.Add(services);
        return services;
    }

    public static IEndpointRouteBuilder MapVaultGateway(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapVaultGateway(static _ => true);

    /// <param name="endpoints">The host's routes.</param>
    /// <param name="serves">Which paths this host serves; it responds to the others with not_found. A worker of a
    /// cluster serves its health routes only.</param>
    public static IEndpointRouteBuilder MapVaultGateway(this IEndpointRouteBuilder endpoints, Func<string, bool> serves)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(serves);
        var pipeline = endpoints.ServiceProvider.GetRequiredService<RoutePipeline>();
        var fallbacks = endpoints.ServiceProvider.GetRequiredService<FallbackEndpoints>();
        var routes = endpoints.ServiceProvider.GetServices<IRoute>().Where(r => serves(r.Operation.Path)).ToList();
        foreach (var route in routes)
            endpoints
                .MapMethods(route.Operation.Pattern, MethodsOf(route.Operation), http =>
                    pipeline.RunAsync(route.For(http.Request), http)
                )
                .WithMetadata(route.Operation)
                .WithDisplayName(route.Operation.Id);

        // One more endpoint per path, for all other methods. It has lower precedence than those above and gives a 405
        // the usual problem body.
        foreach (var path in routes.GroupBy(r => r.Operation.Pattern))
        {
            string[] allowed = [.. path.SelectMany(r => MethodsOf(r.Operation)).Append("OPTIONS").Distinct()];
            endpoints
                .Map(path.Key, http => fallbacks.WrongMethodAsync(http, allowed))
                .WithDisplayName("other methods of " + path.Key);
        }

        endpoints.MapFallback("{**path}", fallbacks.NotFoundAsync).WithDisplayName("not found");
        return endpoints;
    }

    private static string[] MethodsOf(Operation operation) =>
        operation is { Method: "GET", AllowsHead: true } ? ["GET", "HEAD"] : [operation.Method];

    private static void AddCore(IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton(new CallerOptions());
        services.TryAddSingleton(new ConnectOptions { Development = options.Development });
        services.TryAddSingleton<KeyUses>();
        services.TryAddSingleton<ApiKeyVerifier>();
        services.TryAddSingleton<ApiKeys>();
        services.TryAddSingleton<PlatformLedger>();
        services.TryAddSingleton<FailedAuthentications>();
        services.TryAddSingleton<ConnectionRegistry>();
        services.TryAddSingleton<ConnectionRemoval>();
        services.TryAddSingleton<AccountRemoval>();
        services.TryAddSingleton<ToolSetRemover>();
        services.TryAddSingleton<PackChanges>();
        services.TryAddSingleton<ScopeMigration>();
        services.TryAddSingleton<ScopeReport>();
        services.TryAddSingleton<ConnectLinks>();
        services.TryAddSingleton<InterruptedConsents>();
        services.TryAddSingleton<ConnectFlow>();
        services.TryAddSingleton<ConnectCallback>();
        services.TryAddSingleton<CodeExchange>();
        services.TryAddSingleton<ConsentCompletion>();
        services.TryAddSingleton<GrantWriter>();
        services.TryAddSingleton<CredentialVerification>();
        services.TryAddSingleton<CredentialImport>();
        services.TryAddSingleton<IReconnectLinks, ReconnectLinks>();
        services.TryAddSingleton<LedgerVerifier>();
        services.TryAddSingleton<LedgerExport>();
        services.AddSingleton<FallbackEndpoints>();
    }
}
