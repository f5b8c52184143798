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
            KeepsConstraints = true,
            Answer = typeof(KeyView),
            Body =
            [
                Field.Organization,
                Field.Text(
                    "reason",
                    "retired: only this key. compromised: also every key that it made, and those that these made. "
                        + "Default: retired."
                ) with
                {
                    Values = RevocationReasons.All,
                },
            ],
            Description = "A key may revoke itself and every key that may do no more than it.",
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.LedgerUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await keys.RevokeAsync(
                call.OrganizationOrNone,
                call.Route("key_id"),
                call.Body.Text("reason") ?? RevocationReasons.Retired,
                call.Caller,
                cancellationToken
            ),
            revoked => KeyView.Of(revoked.Row) with { AlsoRevoked = revoked.AlsoRevoked }
        );
}
