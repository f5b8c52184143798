using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// The grain-backed implementation of the port: each call goes to the silo that owns the account. It uses the silo's
/// own grain factory, whose calls end when a silo is evicted.
/// </summary>
internal sealed class ClusterAccounts(IGrainFactory grains, GrainCalls calls) : IAccounts
{
    public Task<Result<RefreshResult>> RefreshAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(key).RefreshAsync(seenGeneration, why, cancellationToken), cancellationToken);

    public Task<Result<RevocationReceipt>> RevokeAsync(
        AccountKey key,
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(key).RevokeAsync(requestedBy, reason, cancellationToken), cancellationToken);

    public Task<Result<AccountRow>> PrepareAsync(
        AccountKey key,
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            () => Grain(key).PrepareAsync(connectionId, provider, requestedScopes, requestedBy, cancellationToken),
            cancellationToken
        );

    public Task<Result<AccountRow>> StoreGrantAsync(
        AccountKey key,
        NewGrant newGrant,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(key).StoreGrantAsync(newGrant, cancellationToken), cancellationToken);

    private IConnectedAccountGrain Grain(AccountKey key) => grains.GetGrain<IConnectedAccountGrain>(key.ToString());

    // Repeating any of these calls is safe: compare-and-swap on the row's version, the generation and the intent refuse
    // the second one or make it a no-op (law 3).
    private async Task<Result<T>> AskAsync<T>(Func<Task<Result<T>>> call, CancellationToken cancellationToken)
    {
        var called = await calls.CallAsync(call, null, evenUnknown: true, cancellationToken).ConfigureAwait(false);
        return called.Failure switch
        {
            null => called.Value,
            CallFailure.NotDelivered => GrainCalls.NoSiloAvailable,
            _ => new VaultError(
                ErrorCatalogue.OutcomeUnknown,
                "The silo that ran the call did not respond; read the account's state."
            ),
        };
    }
}
