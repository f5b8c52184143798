using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Refresh;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

internal sealed class RevokeAccount(AccountFinder finder, IAccounts accounts) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connected_accounts/{connected_account_id}:revoke",
            "revokeConnectedAccount",
            "Revoke an account in the vault and at the provider"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Writes = true,
            Answer = typeof(RevocationView),
            Body = [Field.Organization],
            Description = "When this returns, no host uses the credential any more.",
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.KeysUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        return Answer.From(
            await accounts.RevokeAsync(row.Key, call.Caller.KeyId, StatusReason.RevokedByRequest, cancellationToken),
            RevocationView.Of
        );
    }
}
