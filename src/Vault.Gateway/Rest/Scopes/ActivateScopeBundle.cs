using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed class ActivateScopeBundle(ScopeMigration migration) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connections/{connection}/scope_bundles/{version}:activate",
            "activateScopeBundle",
            "Make a version what every consent asks for"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(BundleView),
            Description = "The version before stays in the list and can be made active again.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.NotFound],
            Body = [Field.Organization],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await migration.ActivateAsync(
                call.Organization,
                call.Route("connection"),
                BundleVersion.Of(call),
                call.Caller.KeyId,
                cancellationToken
            ),
            BundleView.Of
        );
}
