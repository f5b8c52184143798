using Vault.Core.Callers;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

internal sealed class DeleteAccount(AccountFinder finder, AccountRemoval removal) : IRoute
{
    public Operation Operation { get; } =
        new(
            "DELETE",
            "/v1/connected_accounts/{connected_account_id}",
            "deleteConnectedAccount",
            "Revoke an account and delete it"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(RevocationView),
            Query = [Field.Organization],
            Description =
                "When this returns, no host uses the credential any more, and the account is in no list. The ledger "
                + "keeps its entries. While the provider cannot be reached to revoke the grant, the result is a "
                + "conflict; the account is revoked all the same.",
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.Conflict, ErrorCatalogue.KeysUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        return Answer.From(await removal.RemoveAsync(row.Key, call.Caller.KeyId, cancellationToken), RevocationView.Of);
    }
}
