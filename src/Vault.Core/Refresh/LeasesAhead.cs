using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>
/// Detects leases that end later than a correct clock could have set them. Their holder's clock was ahead; if the
/// holder is dead, its account would be blocked for as long as that clock was wrong. Such a lease is over after it has
/// been seen here for the length of a lease, on the monotonic clock. That is safe: the holder's call began before the
/// lease was first seen, so it has ended, whatever any clock says.
/// </summary>
internal sealed class LeasesAhead(TimeProvider time, LifecycleOptions options)
{
    private readonly ConcurrentDictionary<AccountKey, (string Attempt, long Since)> _seen = new();

    public bool IsOver(AccountKey key, RefreshIntent held)
    {
        var longest = options.Lease + options.ClockSkew;
        if (held.LeaseUntil <= time.GetUtcNow() + longest)
        {
            _seen.TryRemove(key, out _);
            return false;
        }

        var first = _seen.GetOrAdd(key, (held.AttemptId, time.GetTimestamp()));
        if (first.Attempt == held.AttemptId)
            return time.GetElapsedTime(first.Since) > longest;
        _seen[key] = (held.AttemptId, time.GetTimestamp());
        return false;
    }
}
