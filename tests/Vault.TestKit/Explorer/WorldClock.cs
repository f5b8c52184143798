namespace Vault.TestKit.Explorer;

/// <summary>
/// A host's clocks. The wall clock is the simulated time plus the host's clock error. The monotonic clock has no error;
/// it does not advance when the recheck is switched off.
/// </summary>
internal sealed class WorldClock(World world, Func<TimeSpan> error, bool blind) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => world.Now + error();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => blind ? 0 : world.Now.Ticks;

    // No code in a search waits for a timer: every wait is a ticket.
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Never();

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
