namespace Vault.TestKit.Explorer;

/// <summary>
/// A host's clocks: the wall clock is the world's with the host's error; the monotonic one counts true time, or stands
/// still where the recheck is off.
/// </summary>
internal sealed class WorldClock(World world, Func<TimeSpan> error, bool blind) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => world.Now + error();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => blind ? 0 : world.Now.Ticks;

    // Nothing in a search waits for a timer: what takes time is a ticket.
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Never();

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
