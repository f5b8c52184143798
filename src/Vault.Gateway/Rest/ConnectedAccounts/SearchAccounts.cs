using Vault.Core.Callers;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

internal sealed class SearchAccounts(AccountLister lister) : IRoute
{
    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/connected_accounts:search",
            "searchConnectedAccounts",
            "Find connected accounts by user, connection, provider or status"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsRead,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Answer = typeof(ListView<AccountView>),
            Query = AccountLister.Filters,
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        lister.ListAsync(call, cancellationToken);
}
