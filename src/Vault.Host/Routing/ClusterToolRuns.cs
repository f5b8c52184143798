using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// Runs an execution on the silo that owns the account: directly where that is this one, else through the account's
/// grain.
/// </summary>
internal sealed class ClusterToolRuns(
    IGrainFactory grains,
    GrainCalls calls,
    LostExecutions lost,
    LocalActivations active,
    ToolRunner local
) : IToolRuns
{
    public async Task<ExecutionResult> ExecuteAsync(
        AccountKey key,
        ExecutionOrder order,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(order);
        if (active.Has(key))
            return await local.ExecuteAsync(key, order, cancellationToken).ConfigureAwait(false);

        // What only reads may run twice. What acts may be repeated while the ledger has no entry that it began: without
        // one nothing was sent (law 7).
        var reads = lost.OnlyReads(order);
        Func<Task<bool>>? mayRepeat = reads
            ? null
            : async () => !await lost.HasBegunAsync(key, order).ConfigureAwait(false);

        // Looked up in each attempt: without any worker in the cluster the look-up itself fails, and that is a call
        // that was not delivered.
        var called = await calls
            .CallAsync(
                () => grains.GetGrain<IConnectedAccountGrain>(key.ToString()).ExecuteAsync(order, cancellationToken),
                mayRepeat,
                evenUnknown: reads,
                cancellationToken
            )
            .ConfigureAwait(false);
        return called.Failure switch
        {
            null => called.Answer!,
            CallFailure.NotDelivered => LostExecutions.NotSent(order),
            _ => await lost.LookUpAsync(key, order).ConfigureAwait(false),
        };
    }
}
