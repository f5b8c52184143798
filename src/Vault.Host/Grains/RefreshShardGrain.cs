using Orleans.Placement;
using Vault.Host.Background;

namespace Vault.Host.Grains;

/// <summary>One shard of the due index, keyed by its number.</summary>
[Alias("vault.refresh_shard")]
public interface IRefreshShardGrain : IGrainWithIntegerKey
{
    /// <summary>Makes sure that the shard's reminder stands and that it is being swept.</summary>
    [Alias("watch")]
    Task WatchAsync();
}

/// <summary>
/// Where it is active, that silo's sweep takes its shard along, in one look at the due index for all the silo's shards.
/// When its silo has gone, the others wake it elsewhere (<see cref="Cluster.ShardWatch"/>), and should they not, its
/// one reminder does within a minute. A tick means "everything due", never one account: ticks missed during an outage
/// are skipped, and the due index has kept what they were for. There is no reminder per account, because every silo
/// reads every reminder of its range again and again. The refresh runs on this silo and not through the account's
/// grain: an idle account is not activated for it, and the intent in its row lets only one host refresh, also where two
/// activations of a shard exist for a moment. What it keeps is for reports (<see cref="ShardHistory"/>).
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
    private bool _stands;

    private int Shard => (int)this.GetPrimaryKeyLong();

    // The number of shards was lowered: this one's accounts belong to others now.
    private bool IsNoMore => Shard >= assignment.Shards;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (IsNoMore)
            return Task.CompletedTask;

        // From now on it is swept, whether its history can be read or not.
        _own = assignment.Acquire(Shard);

        // Keeps the activation: one that was collected as idle would leave its shard to nobody until its next reminder.
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
        if (_stands || IsNoMore)
            return;
        if (await this.GetReminder(Reminder) is null)
            await this.RegisterOrUpdateReminder(Reminder, Period * ((Shard + 1.0) / assignment.Shards), Period);
        _stands = true;
    }

    async Task IRemindable.ReceiveReminder(string reminderName, TickStatus status)
    {
        if (!IsNoMore)
            return;
        if (await this.GetReminder(Reminder) is { } left)
            await this.UnregisterReminder(left);
        DeactivateOnIdle();
    }
}
