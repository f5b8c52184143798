using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed class ListScopeBundles(ScopeMigration migration) : IRoute
{
    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/connections/{connection}/scope_bundles",
            "listScopeBundles",
            "List the versions of the scopes that a connection requests"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsRead,
            Scope = Scope.Organization,
            Answer = typeof(BundleListView),
            Query = [Field.Organization],
            Description = "Oldest first, at most twenty; the active one is always among them.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await migration.ListAsync(call.Organization, call.Route("connection"), cancellationToken),
            all => new BundleListView([.. all.Select(BundleView.Of)])
        );
}
