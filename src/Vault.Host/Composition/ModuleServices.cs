using Vault.Core.Accounts;
using Vault.Core.Catalogue;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Operations;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Gateway;
using Vault.Host.Observability;
using Vault.Host.Options;
using Vault.Import;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;
using Vault.Providers.Packs;
using Vault.Providers.Upstream;
using Vault.Storage;

namespace Vault.Host.Composition;

/// <summary>Registers the modules with I/O: database, providers, HTTP.</summary>
public static class ModuleServices
{
    public static IServiceCollection AddVaultStorage(
        this IServiceCollection services,
        VaultStore store,
        IReplySpool spool,
        DataFolder folder,
        IKeyWrapper masterKey
    )
    {
        ArgumentNullException.ThrowIfNull(store);
        services.AddSingleton(store);
        services.AddSingleton(store.Accounts);
        services.AddSingleton(store.RefreshNotes);
        services.AddSingleton(store.Organizations);
        services.AddSingleton(store.Keys);
        services.AddSingleton(store.KeyRotations);
        services.AddSingleton(store.Sealed);
        services.AddSingleton(store.Connections);
        services.AddSingleton(store.Links);
        services.AddSingleton(store.ApiKeys);
        services.AddSingleton(store.Idempotency);
        services.AddSingleton(store.Outputs);
        services.AddSingleton(store.Approvals);
        services.AddSingleton(store.Packs);
        services.AddSingleton(store.ScopeUses);
        services.AddSingleton(store.Ledger);
        services.AddSingleton(spool);
        services.AddSingleton<IHostIdentity>(folder);
        services.AddSingleton(masterKey);
        return services;
    }

    public static IServiceCollection AddVaultProviders(this IServiceCollection services, VaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.AddSingleton(options.Egress());
        services.AddSingleton(new PackOptions { Folder = options.Packs, Development = options.Development });
        services.AddSingleton(new AnswerBudget(options.AnswersMemoryMb * 1024L * 1024));
        services.AddSingleton(new UpstreamOptions { OutputCap = options.MaxOutputBytes });
        services.AddSingleton<ProviderHttp>(s => new ProviderHttp(s.GetRequiredService<EgressOptions>()));
        services.AddSingleton<IPackReader, PackReader>();
        services.AddSingleton<PackCatalogue>(s => new PackCatalogue(
            s.GetRequiredService<IPackReader>(),
            s.GetRequiredService<PackOptions>(),
            s.GetRequiredService<IPackStore>()
        ));
        services.AddSingleton<IPacks>(s => s.GetRequiredService<PackCatalogue>());
        services.AddSingleton<IToolImport, ToolImport>();
        services.AddSingleton<ITokenEndpoint, TokenEndpoint>();
        services.AddSingleton<IUpstream, UpstreamClient>();
        services.AddSingleton<IRawUpstream, RawUpstream>();
        return services;
    }

    public static IServiceCollection AddVaultHttp(this IServiceCollection services, VaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return services.AddVaultGateway(
            new GatewayOptions
            {
                Development = options.Development,
                MaxBody = options.MaxBodyBytes,
                LongestExecution = options.Execution.MaximumTimeout,
                RequestsPerSecond = options.RateLimitPerSecond,
                RequestBurst = options.RateLimitPerSecond * 2,
            }
        );
    }
}
