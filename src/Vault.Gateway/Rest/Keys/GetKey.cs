using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Keys;

internal sealed class GetKey(ApiKeys keys) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/api_keys/{key_id}", "getApiKey", "Read an API key, never its secret")
        {
            Tag = "API keys",
            Permission = Permission.KeysWrite,
            Scope = Scope.OrganizationOrPlatform,
            Answer = typeof(KeyView),
            Query = [Field.Organization],
            Errors = [ErrorCatalogue.NotFound],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(await keys.FindAsync(call.OrganizationOrNone, call.Route("key_id"), cancellationToken), KeyView.Of);
}
