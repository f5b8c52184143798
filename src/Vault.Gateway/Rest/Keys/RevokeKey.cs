using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Keys;

internal sealed class RevokeKey(ApiKeys keys) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/api_keys/{key_id}:revoke",
            "revokeApiKey",
            "Revoke a key; when this returns, no host accepts it any more"
        )
        {
            Tag = "API keys",
            Permission = Permission.KeysWrite,
            Scope = Scope.OrganizationOrPlatform,
            Writes = true,
            Answer = typeof(KeyView),
            Body = [Field.Organization],
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.LedgerUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await keys.RevokeAsync(call.OrganizationOrNone, call.Route("key_id"), call.Caller, cancellationToken),
            KeyView.Of
        );
}
