using System.Collections.Concurrent;
using Vault.Core.Identity;

namespace Vault.Host.Routing;

/// <summary>
/// The accounts whose grain is active in this process. An execution on one of them calls the owner directly: executing
/// interleaves, so it waits for no turn and needs no message. A late or missing entry does no harm: the call goes
/// through the grain, or it runs concurrently with another activation. In both cases compare-and-swap and the lease
/// decide (law 3).
/// </summary>
internal sealed class LocalActivations
{
    private readonly ConcurrentDictionary<AccountKey, object> _active = new();

    public bool Has(AccountKey key) => _active.ContainsKey(key);

    public void Add(AccountKey key, object activation) => _active[key] = activation;

    /// <summary>Removes the entry of this activation, unless a newer activation has replaced it.</summary>
    public void Remove(AccountKey key, object activation) => _active.TryRemove(new(key, activation));
}
