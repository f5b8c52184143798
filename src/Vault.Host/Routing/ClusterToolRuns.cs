using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// Runs an execution on the silo that owns the account: directly if that is this silo, otherwise through the account's
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
    public Task<ExecutionResult> ExchangeAsync(
        AccountKey key,
        ExecutionOrder order,
        RawExchange exchange,
        CancellationToken cancellationToken
    ) => local.ExchangeAsync(key, order, exchange, cancellationToken);

    public async Task<ExecutionResult> ExecuteAsync(
        AccountKey key,
        ExecutionOrder order,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(order);
        if (active.Has(key))
            return await local.ExecuteAsync(key, order, cancellationToken).ConfigureAwait(false);

        // A read may run twice. A write may be repeated while the ledger has no entry of it: without an entry nothing
        // was sent (law 7).
        var reads = lost.OnlyReads(order);
        Func<Task<bool>>? mayRepeat = reads
            ? null
            : async () => !await lost.HasBegunAsync(key, order).ConfigureAwait(false);

        // The grain is looked up in each attempt: in a cluster without workers the lookup itself fails, and that call
        // was not delivered.
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
            null => called.Value!,
            CallFailure.NotDelivered => LostExecutions.NotSent(order),
            _ => await lost.LookUpAsync(key, order).ConfigureAwait(false),
        };
    }
}
