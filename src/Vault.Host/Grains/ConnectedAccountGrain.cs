using System.Collections.Immutable;
using Orleans.Concurrency;
using Orleans.Placement;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.Host.Routing;

namespace Vault.Host.Grains;

/// <summary>
/// The owner of one account, keyed by <see cref="AccountKey.ToString"/>. Executions interleave, so that one upstream
/// call does not block the next. Revocations interleave as well, because they must not wait for a slow token endpoint.
/// All other calls run one at a time.
/// </summary>
[Alias("vault.account")]
public interface IConnectedAccountGrain : IGrainWithStringKey
{
    // Longer than the longest execution with a refresh before it and one after a rejection: after this timeout the
    // outcome of the call is unknown.
    [Alias("execute"), AlwaysInterleave, ResponseTimeout("00:03:00")]
    Task<ExecutionResult> ExecuteAsync(ExecutionOrder order, CancellationToken cancellationToken);

    [Alias("refresh"), ResponseTimeout("00:02:00")]
    Task<Result<RefreshResult>> RefreshAsync(
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    );

    [Alias("revoke"), AlwaysInterleave, ResponseTimeout("00:02:00")]
    Task<Result<RevocationReceipt>> RevokeAsync(string requestedBy, string reason, CancellationToken cancellationToken);

    [Alias("prepare")]
    Task<Result<AccountRow>> PrepareAsync(
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    );

    [Alias("install")]
    Task<Result<AccountRow>> StoreGrantAsync(NewGrant newGrant, CancellationToken cancellationToken);
}

/// <summary>
/// Only routes an account's calls to one silo. It holds no state, so two activations (after a membership change, or on
/// a silo that was declared dead and still runs) cannot disagree. The store arbitrates between them: by
/// compare-and-swap on the version, and by the intent with its lease before a token endpoint is called (law 3). Because
/// all calls of an account come to one silo, one refresh serves them all, and its decrypted credential is in one
/// process.
/// </summary>
[RandomPlacement]
[GrainType("vault.account")]
internal sealed class ConnectedAccountGrain(
    ToolRunner tools,
    AccountRefresher refresher,
    AccountRevoker revoker,
    GrantStore grants,
    LocalActivations active
) : Grain, IConnectedAccountGrain
{
    private AccountKey Key => field ??= AccountKey.Parse(this.GetPrimaryKeyString());

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        active.Add(Key, this);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        active.Remove(Key, this);
        return Task.CompletedTask;
    }

    public Task<ExecutionResult> ExecuteAsync(ExecutionOrder order, CancellationToken cancellationToken) =>
        tools.ExecuteAsync(Key, order, cancellationToken);

    public Task<Result<RefreshResult>> RefreshAsync(
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    ) => refresher.RefreshAsync(Key, seenGeneration, why, cancellationToken);

    public Task<Result<RevocationReceipt>> RevokeAsync(
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    ) => revoker.RevokeAsync(Key, requestedBy, reason, cancellationToken);

    public Task<Result<AccountRow>> PrepareAsync(
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    ) => grants.PrepareAsync(Key, connectionId, provider, requestedScopes, requestedBy, cancellationToken);

    public Task<Result<AccountRow>> StoreGrantAsync(NewGrant newGrant, CancellationToken cancellationToken) =>
        grants.StoreGrantAsync(Key, newGrant, cancellationToken);
}
