using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Keys;

internal sealed class RotateKey(ApiKeys keys) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/api_keys/{key_id}:rotate",
            "rotateApiKey",
            "Create a successor; the old key expires after the overlap"
        )
        {
            Description =
                "The successor has the same name, permissions, constraints, makers and end; it ends with your own key "
                + "where that is sooner. A key that may do more than your own cannot be rotated by it.",
            Tag = "API keys",
            Permission = Permission.KeysWrite,
            Scope = Scope.OrganizationOrPlatform,
            Writes = true,
            KeepsConstraints = true,
            ShownOnce = true,
            Success = 201,
            Answer = typeof(IssuedKeyView),
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.LedgerUnavailable],
            Body =
            [
                Field.Organization,
                Field.Number("overlap_seconds", "How long the old key stays valid. Default: 0.", 0, 2_592_000),
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await keys.RotateAsync(
                call.OrganizationOrNone,
                call.Route("key_id"),
                TimeSpan.FromSeconds(call.Body.Number("overlap_seconds") ?? 0),
                call.Caller,
                cancellationToken
            ),
            IssuedKeyView.Of,
            201
        );
}
