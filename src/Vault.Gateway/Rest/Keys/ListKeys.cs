using Vault.Core.Callers;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Keys;

internal sealed class ListKeys(IApiKeyStore store) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/api_keys", "listApiKeys", "List API keys, never their secrets")
        {
            Tag = "API keys",
            Permission = Permission.KeysWrite,
            Scope = Scope.OrganizationOrPlatform,
            Answer = typeof(ListView<KeyView>),
            Query = [Field.Organization, .. Field.Paging],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        return Answer.Ok(
            call.List(
                await store.ListAsync(call.OrganizationOrNone, call.PageSize, cursor, cancellationToken),
                KeyView.Of
            )
        );
    }
}
