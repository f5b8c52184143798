using Vault.Core.Refresh;
using Vault.Storage;

namespace Vault.Host.Observability;

/// <summary>
/// Compares this host's clock with the database's, which all hosts of a cluster share. Each host checks a lease against
/// its own clock, so two hosts may differ by at most <see cref="LifecycleOptions.ClockSkew"/>: each by half of it from
/// the database.
/// </summary>
public sealed class DatabaseClock(VaultStore store, LifecycleOptions options, TimeProvider time)
{
    public TimeSpan Allowed => options.ClockSkew / 2;

    /// <summary>The minimum offset: the part that the duration of the query does not explain.</summary>
    /// <exception cref="Vault.Core.Errors.StoreUnavailableException">The database does not respond.</exception>
    public async Task<TimeSpan> OffAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow();
        var database = await store.PingAsync(cancellationToken) ?? before;
        var after = time.GetUtcNow();
        return database < before ? before - database
            : database > after ? database - after
            : TimeSpan.Zero;
    }
}
