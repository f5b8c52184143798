using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Offboarding;
using Vault.Core.Refresh;
using Vault.Core.Scopes;
using Vault.Core.Sealing;
using Vault.Host.Observability;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>Registers every class of Core that a host uses, as singletons.</summary>
public static class CoreServices
{
    public static IServiceCollection AddVaultCore(this IServiceCollection services, VaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IEntropy, SystemEntropy>();
        services.AddSingleton<IdFactory>();
        services.AddSingleton(options);
        services.AddSingleton(options.Lifecycle);
        services.AddSingleton(options.Execution);
        services.AddSingleton(new CallerOptions { LongestLife = options.KeyLife });
        services.AddSingleton(new PublicAddress(options.PublicUrl));
        services.AddSingleton<VaultMetrics>();
        services.AddSingleton<IAccountObserver>(s => s.GetRequiredService<VaultMetrics>());
        services.AddSingleton(ICheckpoints.None);

        services.AddSingleton<Keyring>(s => new Keyring(
            s.GetRequiredService<IOrganizationKeyStore>(),
            s.GetRequiredService<IKeyWrapper>(),
            s.GetRequiredService<IEntropy>(),
            s.GetRequiredService<TimeProvider>()
        ));
        services.AddSingleton<Sealer>();
        services.AddSingleton<GrantSealing>();
        services.AddSingleton<KeyRotation>();
        services.AddSingleton<KeyErasure>();
        services.AddSingleton<MasterRewrap>();
        services.AddSingleton<LedgerEntryWriter>();
        services.AddSingleton<LedgerWriter>(s => new LedgerWriter(
            s.GetRequiredService<ILedgerStore>(),
            s.GetRequiredService<LedgerEntryWriter>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetService<LedgerWriterOptions>(),
            s.GetRequiredService<VaultMetrics>().LedgerCommitted
        ));
        services.AddSingleton<AggregatedRefusals>(s => new AggregatedRefusals(
            s.GetRequiredService<LedgerWriter>(),
            s.GetRequiredService<IdFactory>(),
            s.GetRequiredService<TimeProvider>()
        ));
        services.AddSingleton<ILedger>(s => s.GetRequiredService<AggregatedRefusals>());
        services.AddSingleton<LedgerVerifier>();
        services.AddSingleton<LedgerErasure>();

        services.AddSingleton<TokenClients>();
        services.AddSingleton<AccountRunner>();
        services.AddSingleton<DestinationBinder>();
        services.AddSingleton<IDestinationReview, DestinationReview>();
        services.AddSingleton<SettledHolders>();
        services.AddSingleton<PresentAgainGate>();
        services.AddSingleton<AccountRefresher>();
        services.AddSingleton<AccountRevoker>();
        services.AddSingleton<GrantStore>();
        services.AddSingleton<AccountResolver>();
        services.AddSingleton<CredentialCache>(s => new CredentialCache(
            s.GetRequiredService<IAccountStore>(),
            s.GetRequiredService<GrantSealing>(),
            s.GetRequiredService<TimeProvider>(),
            options.Lifecycle
        ));
        services.AddSingleton<DueSweep>();
        services.AddSingleton<Quotas>();
        services.AddSingleton<UseLog>();
        services.AddSingleton<ScopeUseLog>();
        services.AddSingleton<ExecutionGuard>();
        services.AddSingleton<OutputKeeper>();
        services.AddSingleton<ToolRunner>();
        services.AddSingleton<CascadeRunner>();

        // The organization's grain calls it on its own silo. Other callers use IOrganizations.
        services.AddSingleton<OrganizationOwner>();
        services.AddSingleton<LocalHostStatus>();
        services.AddSingleton<ToolExecutor>();
        return services;
    }
}
