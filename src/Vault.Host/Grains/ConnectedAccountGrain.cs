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
/// The owner of one account, keyed by <see cref="AccountKey.ToString"/>. Executing interleaves, so that upstream I/O
/// blocks nobody; so does revoking, which must not queue behind a slow token endpoint. What else changes the account
/// takes turns.
/// </summary>
[Alias("vault.account")]
public interface IConnectedAccountGrain : IGrainWithStringKey
{
    // Longer than the longest execution with a refresh before and one after a refusal: when this time is up, nobody
    // knows what became of the call.
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
/// A mailbox and a place, nothing more: it holds no state, so there is nothing that two activations (a membership
/// change, a silo declared dead that lives on) could disagree about. Whatever they do at once is judged by the store:
/// compare-and-swap on the version, and the intent with its lease before a token endpoint is called (law 3). That all
/// of an account's calls come here makes one refresh serve them all, and keeps its opened credential in one process.
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
