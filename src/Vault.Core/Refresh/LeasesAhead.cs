using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>
/// Leases that end later than any right clock could have set them: their holder's clock was ahead, and if it is gone,
/// its account would stand still for as long as that clock was wrong. Such a lease is over when it has been seen here,
/// on the monotonic clock, for as long as a lease lasts: its holder's call began before it was seen, so it has ended,
/// whatever anybody's clock says.
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
