using Orleans.Runtime;
using Orleans.Storage;
using Vault.Host.Background;

namespace Vault.Host.Grains;

/// <summary>
/// What a shard keeps of its sweeps, in Orleans' grain storage. Only reports rest on it: what is due stands in the due
/// index, and the intent in a row lets one host refresh. So a store that cannot be reached, a value that cannot be
/// read, and the last minute of a silo that was killed cost figures and no refresh. That is also why it is not an
/// <see cref="IPersistentState{TState}"/>, which fails the activation when it cannot be read.
/// </summary>
internal sealed class ShardHistory(
    IGrainStorage storage,
    ILocalSiloDetails here,
    TimeProvider time,
    ILogger<ShardHistory> log
)
{
    // The AdoNet provider tells states apart by this name and the grain's key, without the grain's type.
    private const string StateName = RefreshShardGrain.TypeName;

    // The other calls to the grain, and the end of a silo, wait for no longer.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private int _failing;

    /// <summary>Empty when nothing was kept yet. What the storage throws is the caller's.</summary>
    public async Task<GrainState<ShardSweeps>> ReadAsync(int shard, CancellationToken cancellationToken)
    {
        var state = new GrainState<ShardSweeps>(new ShardSweeps());
        await storage.ReadStateAsync(StateName, IdOf(shard), state).WaitAsync(Limit, time, cancellationToken);
        return state;
    }

    /// <summary>Adds what was done here to what is kept.</summary>
    /// <param name="kept">As it was read or written last; null: not read yet.</param>
    /// <returns>As it is kept now; null when it must be read again.</returns>
    public async Task<GrainState<ShardSweeps>?> KeepAsync(
        int shard,
        OwnShard own,
        GrainState<ShardSweeps>? kept,
        CancellationToken cancellationToken
    )
    {
        for (var again = false; ; again = true)
        {
            try
            {
                if (kept is null)
                    own.Recall((kept = await ReadAsync(shard, cancellationToken)).State!);
                var sum = own.Sum(here.SiloAddress.ToParsableString());
                if (sum != kept.State)
                {
                    kept.State = sum;
                    var written = storage.WriteStateAsync(StateName, IdOf(shard), kept);
                    await written.WaitAsync(Limit, time, cancellationToken);
                    own.Kept(sum);
                }

                if (Interlocked.Exchange(ref _failing, 0) == 1)
                    log.LogInformation("The history of refresh shards is kept again");
                return kept;
            }
            catch (InconsistentStateException) when (!again)
            {
                // Another activation of the shard has written: what was done here is added to that.
                kept = null;
            }
#pragma warning disable CA1031 // The shard is swept all the same. Whether it was written is not known: read it first.
            catch (Exception e)
            {
                if (Interlocked.Exchange(ref _failing, 1) == 0)
                    log.LogWarning("The history of refresh shards is not kept now: {Exception}", e.GetType().Name);
                return null;
            }
#pragma warning restore CA1031
        }
    }

    private static GrainId IdOf(int shard) =>
        GrainId.Create(GrainType.Create(RefreshShardGrain.TypeName), GrainIdKeyExtensions.CreateIntegerKey(shard));
}
