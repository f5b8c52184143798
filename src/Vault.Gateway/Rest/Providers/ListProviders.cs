using Vault.Core.Callers;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

internal sealed class ListProviders(IPacks packs) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/providers", "listProviders", "List the providers")
        {
            Tag = "Providers",
            Permission = Permission.ProvidersRead,
            Answer = typeof(ListView<ProviderView>),
            Query = Field.Paging,
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return Task.FromResult<Answer>(wrong);
        return Task.FromResult(
            Answer.Ok(
                MemoryPages.Cut(
                    call,
                    packs.All.OrderBy(p => p.Id, StringComparer.Ordinal),
                    p => p.Id,
                    cursor,
                    ProviderView.Of
                )
            )
        );
    }
}
