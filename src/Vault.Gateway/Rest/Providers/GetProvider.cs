using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

internal sealed class GetProvider(IPacks packs) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/providers/{provider}", "getProvider", "Read a provider: parameters, credential fields, tools")
        {
            Tag = "Providers",
            Permission = Permission.ProvidersRead,
            Answer = typeof(ProviderView),
            Errors = [ErrorCatalogue.ProviderUnknown],
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Task.FromResult<Answer>(
            packs.TryGet(call.Route("provider"), out var pack)
                ? Answer.Ok(ProviderView.Of(pack))
                : new VaultError(
                    ErrorCatalogue.ProviderUnknown,
                    "There is no such provider; GET /v1/providers lists them."
                )
        );
}
