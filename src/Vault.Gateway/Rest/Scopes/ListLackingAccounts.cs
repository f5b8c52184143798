using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed class ListLackingAccounts(ScopeMigration migration) : IRoute
{
    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/connections/{connection}/scope_bundles/{version}/accounts",
            "listLackingAccounts",
            "List the accounts that need a new consent to have all scopes of a version"
        )
        {
            Tag = "Scopes",
            Permission = Permission.AccountsRead,
            Scope = Scope.Organization,
            Answer = typeof(ListView<LackingView>),
            Query = [Field.Organization, .. Field.Paging],
            Description =
                "A page reads page_size accounts and holds those that lack a scope, so it may be empty and still "
                + "have a next one.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.NotFound],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        var page = await migration.LackingAsync(
            call.Organization,
            call.Route("connection"),
            BundleVersion.Of(call),
            call.PageSize,
            cursor,
            cancellationToken
        );
        return Answer.From(page, items => call.List(items, LackingView.Of));
    }
}
