namespace Vault.Simulation;

/// <summary>
/// A process's clocks: the wall clock is the world's with the machine's error, the monotonic one counts true time.
/// Timers fire when the scheduler lets them.
/// </summary>
internal sealed class SimClock(World world, SimHost host, int life) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => world.Now + host.ClockError;

    // A process that does not notice how long it was held up is what the monotonic clock guards against.
    public override long GetTimestamp() => world.Bug == Bug.NoRecheck ? 0 : world.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(world, host, life, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>Fires once: nothing in the account path repeats by itself.</summary>
internal sealed class SimTimer(World world, SimHost host, int life, TimerCallback callback, object? state) : ITimer
{
    public SimHost Host => host;

    public int Life => life;

    public DateTimeOffset Due { get; private set; }

    public void Fire()
    {
        world.Timers.Remove(this);
        callback(state);
    }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        world.Timers.Remove(this);
        if (dueTime < TimeSpan.Zero || host.Life != life)
            return true;
        Due = world.Now + dueTime;
        world.Timers.Add(this);
        return true;
    }

    public void Dispose() => world.Timers.Remove(this);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
