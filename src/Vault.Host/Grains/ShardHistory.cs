using Orleans.Runtime;
using Orleans.Storage;
using Vault.Host.Background;

namespace Vault.Host.Grains;

/// <summary>
/// Persists a shard's sweep history in Orleans grain storage. Only reports use it: the due index holds what is due, and
/// the intent in a row admits one refresh. So an unreachable store, an unreadable value or the lost last minute of a
/// killed silo affects figures and no refresh. This is not an <see cref="IPersistentState{TState}"/>, because that
/// fails the activation when the state cannot be read.
/// </summary>
internal sealed class ShardHistory(
    IGrainStorage storage,
    ILocalSiloDetails here,
    TimeProvider time,
    ILogger<ShardHistory> log
)
{
    // The AdoNet provider identifies a state by this name and the grain's key, without the grain's type.
    private const string StateName = RefreshShardGrain.TypeName;

    // Limits how long other calls to the grain and the shutdown of a silo wait.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private int _failing;

    /// <summary>Empty if there is no history yet. Exceptions of the storage propagate.</summary>
    public async Task<GrainState<ShardSweeps>> ReadAsync(int shard, CancellationToken cancellationToken)
    {
        var state = new GrainState<ShardSweeps>(new ShardSweeps());
        await storage.ReadStateAsync(StateName, IdOf(shard), state).WaitAsync(Limit, time, cancellationToken);
        return state;
    }

    /// <summary>Adds this host's sweeps to the stored history.</summary>
    /// <param name="kept">The state last read or written; null if it was not read yet.</param>
    /// <returns>The stored state; null if it must be read again.</returns>
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
                    log.LogInformation("The history of refresh shards is stored again");
                return kept;
            }
            catch (InconsistentStateException) when (!again)
            {
                // Another activation of the shard has written: re-read and add to its state.
                kept = null;
            }
#pragma warning disable CA1031 // The sweep goes on without it. The outcome of the write is unknown: re-read first.
            catch (Exception e)
            {
                if (Interlocked.Exchange(ref _failing, 1) == 0)
                    log.LogWarning("The history of refresh shards cannot be stored: {Exception}", e.GetType().Name);
                return null;
            }
#pragma warning restore CA1031
        }
    }

    private static GrainId IdOf(int shard) =>
        GrainId.Create(GrainType.Create(RefreshShardGrain.TypeName), GrainIdKeyExtensions.CreateIntegerKey(shard));
}
