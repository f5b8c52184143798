using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Gateway.Contract;

namespace Vault.Gateway.ConnectedAccounts;

/// <summary>The account a path names, in the caller's organization and nowhere else (law 1).</summary>
internal sealed class AccountFinder(IAccountStore store)
{
    public async Task<Result<AccountRow>> FindAsync(Call call, CancellationToken cancellationToken)
    {
        var id = call.AccountId();
        if (!id.TryGet(out var account, out var wrong)) return wrong;
        return await store.FindAsync(call.Organization, account, cancellationToken) is { } found ? found.Row : new VaultError(ErrorCatalogue.NotFound, "There is no such connected account here.");
    }
}
