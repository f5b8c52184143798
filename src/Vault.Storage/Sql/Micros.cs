namespace Vault.Storage.Sql;

/// <summary>
/// Times are stored as integer microseconds since the Unix epoch: both dialects have the type, and it sorts by time.
/// </summary>
internal static class Micros
{
    /// <summary>Rounds down, also before the epoch, so a stored time is never later than the original.</summary>
    public static long From(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var micros = ticks / TimeSpan.TicksPerMicrosecond;
        return ticks % TimeSpan.TicksPerMicrosecond < 0 ? micros - 1 : micros;
    }

    public static DateTimeOffset ToTime(long micros) =>
        DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
