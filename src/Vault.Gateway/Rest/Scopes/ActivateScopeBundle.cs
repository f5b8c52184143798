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
            "Make a version the scopes that every consent requests"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(BundleView),
            Description = "The previous version stays in the list and can be activated again.",
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
