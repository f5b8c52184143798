using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

internal sealed class GetAccount(AccountFinder finder) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/connected_accounts/{connected_account_id}", "getConnectedAccount", "Read a connected account")
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsRead,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Answer = typeof(AccountView),
            Errors = [ErrorCatalogue.NotFound],
            Query = [Field.Organization],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(await finder.FindAsync(call, cancellationToken), AccountView.Of);
}
