namespace Vault.Storage.Sql;

/// <summary>
/// Times are stored as whole microseconds since the Unix epoch: one type in both dialects, and their order is the order
/// of the numbers.
/// </summary>
internal static class Micros
{
    /// <summary>Rounded down, before the epoch too: a time never moves into the future by being stored.</summary>
    public static long From(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var micros = ticks / TimeSpan.TicksPerMicrosecond;
        return ticks % TimeSpan.TicksPerMicrosecond < 0 ? micros - 1 : micros;
    }

    public static DateTimeOffset ToTime(long micros) =>
        DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
