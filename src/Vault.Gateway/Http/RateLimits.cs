using System.Threading.RateLimiting;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>
/// Token buckets per key and, for requests without one, per address. Nothing queues: a rejected caller gets a
/// Retry-After.
/// </summary>
internal sealed class RateLimits : IAsyncDisposable
{
    private readonly PartitionedRateLimiter<string> _keys;
    private readonly PartitionedRateLimiter<string> _addresses;
    private readonly PartitionedRateLimiter<string> _scans;

    public RateLimits(GatewayOptions options)
    {
        _keys = Make(options.RequestsPerSecond, options.RequestBurst);
        _addresses = Make(options.AnonymousPerSecond, options.AnonymousPerSecond * 5);
        _scans = PartitionedRateLimiter.Create<string, string>(owner =>
            RateLimitPartition.GetConcurrencyLimiter(owner, _ => new ConcurrencyLimiterOptions
            {
                PermitLimit = options.ConcurrentScans,
                QueueLimit = 0,
            })
        );
    }

    public VaultError? TakeForKey(string keyId) => Take(_keys, keyId, "The key sends too many requests.");

    public VaultError? TakeForAddress(string address) =>
        Take(_addresses, address, "Too many requests come from this address.");

    /// <param name="owner">The organization, or the platform key.</param>
    /// <param name="lease">Disposed when the scan has ended.</param>
    public VaultError? TakeForScan(string owner, out IDisposable lease)
    {
        var acquired = _scans.AttemptAcquire(owner);
        lease = acquired;
        return acquired.IsAcquired
            ? null
            : new VaultError(ErrorCatalogue.RateLimited, "Calls of this kind run already; wait for their responses.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
    }

    public async ValueTask DisposeAsync()
    {
        await _scans.DisposeAsync();
        await _keys.DisposeAsync();
        await _addresses.DisposeAsync();
    }

    private static VaultError? Take(PartitionedRateLimiter<string> limiter, string partition, string detail)
    {
        using var lease = limiter.AttemptAcquire(partition);
        if (lease.IsAcquired)
            return null;
        var wait =
            lease.TryGetMetadata(MetadataName.RetryAfter, out var after) && after > TimeSpan.Zero
                ? after
                : TimeSpan.FromSeconds(1);
        return new VaultError(ErrorCatalogue.RateLimited, detail) { RetryAfter = wait };
    }

    private static PartitionedRateLimiter<string> Make(int perSecond, int burst)
    {
        // One delegate for all: the partition is looked up on every request.
        Func<string, RateLimiter> make = _ => new TokenBucketRateLimiter(
            new TokenBucketRateLimiterOptions
            {
                TokenLimit = burst,
                TokensPerPeriod = perSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
                AutoReplenishment = false,
            }
        );
        return PartitionedRateLimiter.Create<string, string>(partition => RateLimitPartition.Get(partition, make));
    }
}
