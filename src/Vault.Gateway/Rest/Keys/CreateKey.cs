using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Keys;

internal sealed class CreateKey(ApiKeys keys) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/api_keys", "createApiKey", "Create an API key; the response shows it once")
        {
            Tag = "API keys",
            Permission = Permission.KeysWrite,
            Scope = Scope.OrganizationOrPlatform,
            Writes = true,
            KeepsConstraints = true,
            ShownOnce = true,
            Success = 201,
            Answer = typeof(IssuedKeyView),
            Description =
                "With organization_id the key is bound to that organization; without it a platform key creates a "
                + "platform key. A key cannot grant a permission that it does not have, and no key outlives its "
                + "maker or reaches further.",
            Errors = [ErrorCatalogue.LedgerUnavailable],
            Body =
            [
                Field.Organization,
                Field.Text("name", "A name for people, 1 to 100 characters.") with
                {
                    Required = true,
                    MaxLength = ApiKeys.NameLength,
                },
                Field.Texts("permissions", "The key's permissions: " + string.Join(", ", Permission.All) + ".") with
                {
                    Required = true,
                    MaxLength = 64,
                },
                Field.Instant(
                    "expires_at",
                    "When the key expires. Default, and at most: the longest life of keys (VAULT_KEY_DAYS, 90 days), "
                        + "or the end of your own key where that is sooner."
                ),
                .. KeyFields.Constraints,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var wanted = new NewApiKey(
            call.OrganizationOrNone,
            call.Body.Required("name"),
            call.Body.Texts("permissions")!.Value,
            call.Body.Time("expires_at")
        )
        {
            Constraints = KeyFields.Read(call.Body),
        };
        return Answer.From(await keys.CreateAsync(wanted, call.Caller, cancellationToken), IssuedKeyView.Of, 201);
    }
}
