using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>Finds the account of a path, only within the caller's organization (law 1).</summary>
internal sealed class AccountFinder(IAccountStore store)
{
    public async Task<Result<AccountRow>> FindAsync(Call call, CancellationToken cancellationToken)
    {
        var id = call.AccountId();
        return id.TryGet(out var account, out var wrong)
            ? await FindAsync(call.Organization, account, cancellationToken)
            : wrong;
    }

    public async Task<Result<AccountRow>> FindAsync(
        OrganizationId organization,
        AccountId account,
        CancellationToken cancellationToken
    ) =>
        await store.FindAsync(organization, account, cancellationToken) is { } found
            ? found.Row
            : new VaultError(ErrorCatalogue.NotFound, "There is no such connected account.");
}
