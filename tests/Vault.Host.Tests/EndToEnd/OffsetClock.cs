namespace Vault.Host.Tests.EndToEnd;

/// <summary>A clock that is wrong by so much. Durations are right, as on a machine whose clock was set wrong.</summary>
internal sealed class OffsetClock(TimeSpan off) : TimeProvider
{
    public TimeSpan Off { get; set; } = off;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Off;
}
