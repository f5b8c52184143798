namespace Vault.Gateway.Tests.Host;

/// <summary>
/// The real clock, moved: a test steps over an expiry without waiting. Spans between two timestamps pass only when the
/// clock is moved or a freshness lease is waited out, so that a busy machine never makes a fresh row look old.
/// </summary>
internal sealed class MovableTime : TimeProvider
{
    public static readonly TimeSpan Lease = TimeSpan.FromMilliseconds(50);

    private long _offset;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _offset);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offset));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Lease)
            return base.CreateTimer(callback, state, dueTime, period);
        return base.CreateTimer(
            s =>
            {
                Advance(Lease);
                callback(s);
            },
            state,
            dueTime,
            period
        );
    }
}
