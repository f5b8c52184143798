using Orleans.Placement;
using Vault.Host.Background;

namespace Vault.Host.Grains;

/// <summary>One shard of the due index, keyed by its number.</summary>
[Alias("vault.refresh_shard")]
public interface IRefreshShardGrain : IGrainWithIntegerKey
{
    /// <summary>Ensures that the shard has its reminder and is being swept.</summary>
    [Alias("watch")]
    Task WatchAsync();
}

/// <summary>
/// While the grain is active, its silo includes the shard in its sweep, with one query for all of the silo's shards.
/// When the silo is gone, the others activate the grain elsewhere (<see cref="Cluster.ShardWatch"/>); if they do not,
/// its reminder does so within a minute. A reminder tick means "everything due", so ticks missed during an outage need
/// no replay: the due index still holds the work. There is no reminder per account, because every silo reads every
/// reminder of its range again and again. The refresh runs on this silo and not through the account's grain, so no idle
/// account is activated. Safe: the intent in the account's row admits one refresh, also while two activations of a
/// shard exist for a moment. The grain's state is only for reports (<see cref="ShardHistory"/>).
/// </summary>
[RandomPlacement]
[GrainType(TypeName)]
internal sealed class RefreshShardGrain(ShardAssignment assignment, ShardHistory history)
    : Grain,
        IRefreshShardGrain,
        IRemindable
{
    public const string TypeName = "vault.refresh_shard";
    private const string Reminder = "due";
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private OwnShard? _own;
    private GrainState<ShardSweeps>? _kept;
    private bool _reminderExists;

    private int Shard => (int)this.GetPrimaryKeyLong();

    // The number of shards was reduced: the accounts of this shard are in other shards now.
    private bool IsRemoved => Shard >= assignment.Shards;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (IsRemoved)
            return Task.CompletedTask;

        // Acquired first: the shard is swept even if its history cannot be read.
        _own = assignment.Acquire(Shard);

        // KeepAlive: an activation collected as idle would leave its shard unswept until the next reminder.
        this.RegisterGrainTimer(KeepAsync, new(TimeSpan.Zero, assignment.KeepEvery) { KeepAlive = true });
        return Task.CompletedTask;
    }

    private async Task KeepAsync(CancellationToken cancellationToken) =>
        _kept = await history.KeepAsync(Shard, _own!, _kept, cancellationToken);

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_own is null)
            return;
        await KeepAsync(cancellationToken);
        assignment.Release(Shard, _own);
    }

    public async Task WatchAsync()
    {
        if (_reminderExists || IsRemoved)
            return;
        if (await this.GetReminder(Reminder) is null)
            await this.RegisterOrUpdateReminder(Reminder, Period * ((Shard + 1.0) / assignment.Shards), Period);
        _reminderExists = true;
    }

    async Task IRemindable.ReceiveReminder(string reminderName, TickStatus status)
    {
        if (!IsRemoved)
            return;
        if (await this.GetReminder(Reminder) is { } left)
            await this.UnregisterReminder(left);
        DeactivateOnIdle();
    }
}
