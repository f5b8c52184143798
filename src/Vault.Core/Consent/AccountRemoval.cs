using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Core.Refresh;

namespace Vault.Core.Consent;

/// <summary>
/// Removes an account: revokes it, and deletes its row when nothing is left to revoke at the provider. The ledger keeps
/// what happened. A new consent of the same user makes a new account with a new id.
/// </summary>
public sealed class AccountRemoval(IAccountStore store, IAccounts accounts, IdFactory ids, TimeProvider time)
{
    public async Task<Result<RevocationReceipt>> RemoveAsync(
        AccountKey key,
        string by,
        CancellationToken cancellationToken
    )
    {
        // Acknowledged when no host uses the credential any more; so no host writes the row after it is gone.
        var revoked = await accounts.RevokeAsync(key, by, StatusReason.RevokedByRequest, cancellationToken);
        if (!revoked.TryGet(out var receipt, out var failed))
            return failed;
        if (await store.FindAsync(key, cancellationToken) is not { Row: var row } || row.Id != receipt.Account)
            return new VaultError(ErrorCatalogue.NotFound, "There is no such connected account.");
        // Only the stored grant can be revoked at the provider; the sweep repeats the attempt.
        if (row.State.Revocation == UpstreamRevocation.Pending)
            return new VaultError(
                ErrorCatalogue.Conflict,
                "The account is revoked here, and the grant is still being revoked at the provider; delete it later."
            )
            {
                RetryAfter = TimeSpan.FromSeconds(30),
            };
        var draft = LedgerEntries.Account(
            ids,
            time.GetUtcNow(),
            LedgerEvents.AccountDeleted,
            by,
            new LedgerAccount(row.Key, row.Id, row.Provider),
            row.State.GrantedScopes,
            row.State.Status.ToString(),
            row.State.Reason
        );
        return
            await store.DeleteAsync(row.Key.Organization, row.Id, row.Version, [draft], cancellationToken)
            == WriteOutcome.Written
            ? receipt
            : new VaultError(ErrorCatalogue.Conflict, "The account was connected again meanwhile; read it again.");
    }
}
