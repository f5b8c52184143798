using Orleans.Placement;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Silo.Setup;

namespace Vault.Silo.Grains;

/// <summary>One shard of the due index, keyed by its number.</summary>
public interface IRefreshShardGrain : IGrainWithIntegerKey
{
    /// <summary>Makes sure that the shard's reminder stands and that it is being swept.</summary>
    Task WatchAsync();
}

/// <summary>
/// Sweeps its shard every few seconds while it is active; its one reminder, every minute, wakes it on another silo when its own has gone. A tick means "everything
/// due", never one account: ticks missed during an outage are skipped, and the due index has kept what they were for. There is no reminder per account, because every
/// silo reads every reminder of its range again and again. The refresh runs on this silo and not through the account's grain: an idle account is not activated
/// for it, and the intent in its row lets only one host refresh.
/// </summary>
[RandomPlacement]
internal sealed class RefreshShardGrain(DueSweep sweep, SiloSettings options, IAccountObserver observer) : Grain, IRefreshShardGrain, IRemindable
{
    private const string Reminder = "due";
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private int Shard => (int)this.GetPrimaryKeyLong();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Spread over the interval, so that the shards do not all ask at once; and the timer keeps the activation.
        var first = options.ShardInterval * ((double)Shard / options.Shards);
        this.RegisterGrainTimer(SweepAsync, new GrainTimerCreationOptions(first, options.ShardInterval) { KeepAlive = true });
        return Task.CompletedTask;
    }

    public async Task WatchAsync()
    {
        if (Shard < options.Shards && await this.GetReminder(Reminder) is null) await this.RegisterOrUpdateReminder(Reminder, Period * ((Shard + 1.0) / options.Shards), Period);
    }

    async Task IRemindable.ReceiveReminder(string reminderName, TickStatus status)
    {
        // The number of shards was lowered: this one's accounts belong to others now.
        if (Shard >= options.Shards && await this.GetReminder(Reminder) is { } left) await this.UnregisterReminder(left);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (Shard >= options.Shards)
        {
            DeactivateOnIdle();
            return;
        }

        try
        {
            while ((await sweep.SweepAsync(Shard, options.Shards, options.Vault.SweepBatch, cancellationToken)) is { More: true, Begun: > 0 })
            {
            }
        }
        catch (StoreUnavailableException e)
        {
            // The next tick asks again; the reminder and the timer go on.
            observer.Failed("shard_sweep", null, e);
        }
    }
}
