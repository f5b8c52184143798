using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>Finds the account of a path, only within the caller's organization (law 1).</summary>
internal sealed class AccountFinder(IAccountStore store, ConnectionRegistry connections)
{
    public async Task<Result<AccountRow>> FindAsync(Call call, CancellationToken cancellationToken)
    {
        var id = call.AccountId();
        if (!id.TryGet(out var account, out var wrong))
            return wrong;
        var found = await FindAsync(call.Organization, account, cancellationToken);
        // An account outside of the key's limits is as unknown to it as one that does not exist.
        return found.TryGet(out var row, out _) && !call.Caller.Constraints.Allows(row.Key) ? Unknown() : found;
    }

    public async Task<Result<AccountRow>> FindAsync(
        OrganizationId organization,
        AccountId account,
        CancellationToken cancellationToken
    ) => await store.FindAsync(organization, account, cancellationToken) is { } found ? found.Row : Unknown();

    /// <summary>Whether the key may give the user an account of the connection, named by name or id.</summary>
    public async ValueTask<VaultError?> RefusalAsync(
        Call call,
        UserId user,
        string connection,
        CancellationToken cancellationToken
    )
    {
        var constraints = call.Caller.Constraints;
        if (!constraints.Allows(user))
            return new VaultError(ErrorCatalogue.PermissionDenied, "user_id: the key is limited to other users.");
        if (constraints.Connections is null)
            return null;
        var found = await connections.FindAsync(call.Organization, connection, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        return constraints.Allows(row.Name)
            ? null
            : new VaultError(ErrorCatalogue.PermissionDenied, "connection: the key is limited to other connections.");
    }

    private static VaultError Unknown() => new(ErrorCatalogue.NotFound, "There is no such connected account.");
}
