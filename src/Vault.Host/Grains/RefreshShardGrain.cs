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
/// Where it is active, that silo's sweep takes its shard along, in one look at the due index for all the silo's shards. When its silo has gone, the others wake it
/// elsewhere (<see cref="Cluster.ShardWatch"/>), and should they not, its one reminder does within a minute. A tick means "everything due", never one account: ticks
/// missed during an outage are skipped, and the due index has kept what they were for. There is no reminder per account, because every silo reads every reminder of
/// its range again and again. The refresh runs on this silo and not through the account's grain: an idle account is not activated for it, and the intent in its row
/// lets only one host refresh, also where two activations of a shard exist for a moment.
/// </summary>
[RandomPlacement]
[GrainType("vault.refresh_shard")]
internal sealed class RefreshShardGrain(SweepDuty duty) : Grain, IRefreshShardGrain, IRemindable
{
    private const string Reminder = "due";
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private bool _stands;

    private int Shard => (int)this.GetPrimaryKeyLong();

    // The number of shards was lowered: this one's accounts belong to others now.
    private bool IsNoMore => Shard >= duty.Shards;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (IsNoMore) return Task.CompletedTask;
        duty.Take(Shard);

        // Keeps the activation: one that was collected as idle would leave its shard to nobody until the next tick. It takes the shard each time, because an
        // activation whose end came late may have left it after this one took it.
        this.RegisterGrainTimer(static (grain, _) => grain.TakeAsync(), this, new GrainTimerCreationOptions(Period, Period) { KeepAlive = true });
        return Task.CompletedTask;
    }

    private Task TakeAsync()
    {
        duty.Take(Shard);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        duty.Leave(Shard);
        return Task.CompletedTask;
    }

    public async Task WatchAsync()
    {
        if (_stands || IsNoMore) return;
        if (await this.GetReminder(Reminder) is null) await this.RegisterOrUpdateReminder(Reminder, Period * ((Shard + 1.0) / duty.Shards), Period);
        _stands = true;
    }

    async Task IRemindable.ReceiveReminder(string reminderName, TickStatus status)
    {
        if (!IsNoMore) return;
        if (await this.GetReminder(Reminder) is { } left) await this.UnregisterReminder(left);
        DeactivateOnIdle();
    }
}
