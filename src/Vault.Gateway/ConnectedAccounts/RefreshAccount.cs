using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Gateway.Contract;

namespace Vault.Gateway.ConnectedAccounts;

internal sealed class RefreshAccount(AccountFinder finder, IAccounts accounts) : IRoute
{
    public Operation Operation { get; } = new("POST", "/v1/connected_accounts/{connected_account_id}:refresh", "refreshConnectedAccount", "Refresh an account's credential now")
    {
        Tag = "Connected accounts", Permission = Permission.AccountsWrite, Scope = Scope.Organization, Writes = true, Answer = typeof(RefreshView), Body = [Field.Organization],
        Errors =
        [
            ErrorCatalogue.NotFound, ErrorCatalogue.AccountNotConnected, ErrorCatalogue.AuthRevoked, ErrorCatalogue.ReauthRequired, ErrorCatalogue.RefreshInProgress,
            ErrorCatalogue.UpstreamUnavailable, ErrorCatalogue.ClientMisconfigured, ErrorCatalogue.OrganizationSuspended, ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.KeysUnavailable,
        ],
    };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing)) return missing;
        return Answer.From(
            await accounts.RefreshAsync(row.Key, row.State.Generation, RefreshWhy.Asked, cancellationToken),
            done => new RefreshView(row.Id.Value, StatusWords.Of(done.Status), done.Refreshed, done.AccessExpiresAt));
    }
}
