using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Accounts;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Providers.Egress;
using Vault.Providers.Packs;
using Vault.Providers.Tokens;
using Vault.Providers.Upstream;

namespace Vault.Providers;

/// <summary>Registers packs, token endpoint and upstream. The host gives <see cref="TimeProvider"/>, <see cref="IdFactory"/> and, if it has one, <see cref="IPackStore"/>.</summary>
public static class ProvidersRegistration
{
    public static IServiceCollection AddProviders(this IServiceCollection services, PackOptions packs, EgressOptions egress, UpstreamOptions upstream)
    {
        services.AddSingleton<IPackReader, PackReader>();
        services.AddSingleton(s => new PackCatalogue(s.GetRequiredService<IPackReader>(), packs, s.GetService<IPackStore>()));
        services.AddSingleton<IPacks>(s => s.GetRequiredService<PackCatalogue>());
        services.AddSingleton(_ => new ProviderHttp(egress));
        services.AddSingleton<ITokenEndpoint>(s => new TokenEndpoint(s.GetRequiredService<ProviderHttp>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<IdFactory>()));
        services.AddSingleton<IUpstream>(s => new UpstreamClient(s.GetRequiredService<ProviderHttp>(), s.GetRequiredService<TimeProvider>(), upstream));
        return services;
    }
}
