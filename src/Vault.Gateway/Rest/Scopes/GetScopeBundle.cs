using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed class GetScopeBundle(ScopeMigration migration) : IRoute
{
    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/connections/{connection}/scope_bundles/{version}",
            "getScopeBundle",
            "Read a version, compared with another"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsRead,
            Scope = Scope.Organization,
            Answer = typeof(BundleView),
            Query =
            [
                Field.Organization,
                Field.Number("against", "The version to compare with. Default: the active one.", 1, int.MaxValue),
            ],
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.NotFound],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await migration.GetAsync(
                call.Organization,
                call.Route("connection"),
                BundleVersion.Of(call),
                (int?)call.Query.Number("against"),
                cancellationToken
            ),
            BundleView.Of
        );
}
