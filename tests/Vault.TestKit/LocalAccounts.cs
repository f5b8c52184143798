using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Refresh;

namespace Vault.TestKit;

/// <summary>
/// The port to accounts in one process: calls what the account's grain calls, without the grain. Two of them on one
/// store are two activations of each grain.
/// </summary>
public sealed class LocalAccounts(AccountRefresher refresher, AccountRevoker revoker, GrantStore grants) : IAccounts
{
    public Task<Result<RefreshResult>> RefreshAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    ) => refresher.RefreshAsync(key, seenGeneration, why, cancellationToken);

    public Task<Result<RevocationReceipt>> RevokeAsync(
        AccountKey key,
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    ) => revoker.RevokeAsync(key, requestedBy, reason, cancellationToken);

    public Task<Result<AccountRow>> PrepareAsync(
        AccountKey key,
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    ) => grants.PrepareAsync(key, connectionId, provider, requestedScopes, requestedBy, cancellationToken);

    public Task<Result<AccountRow>> StoreGrantAsync(
        AccountKey key,
        NewGrant newGrant,
        CancellationToken cancellationToken
    ) => grants.StoreGrantAsync(key, newGrant, cancellationToken);
}
