using Vault.Core.Refresh;
using Vault.Storage;

namespace Vault.Host.Observability;

/// <summary>
/// Compares this host's clock with the database's, which is the one that all hosts of a cluster share. A lease ends by
/// the clock of the host that looks at it, so two hosts may differ by <see cref="LifecycleOptions.ClockSkew"/> at most:
/// each by half of that from the database.
/// </summary>
public sealed class DatabaseClock(VaultStore store, LifecycleOptions options, TimeProvider time)
{
    public TimeSpan Allowed => options.ClockSkew / 2;

    /// <summary>How far it is off at least: what the time of the question and of the answer do not explain.</summary>
    /// <exception cref="Vault.Core.Errors.StoreUnavailableException">The database does not answer.</exception>
    public async Task<TimeSpan> OffAsync(CancellationToken cancellationToken)
    {
        var asked = time.GetUtcNow();
        var theirs = await store.PingAsync(cancellationToken) ?? asked;
        var answered = time.GetUtcNow();
        return theirs < asked ? asked - theirs
            : theirs > answered ? theirs - answered
            : TimeSpan.Zero;
    }
}
