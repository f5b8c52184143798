using System.Collections.Concurrent;
using Vault.Core.Identity;

namespace Vault.Host.Routing;

/// <summary>
/// Which accounts have their grain active in this process. An execution on one of them calls its owner directly:
/// executing interleaves, so there is no turn to wait for, and the detour through a message would only cost. An entry
/// that is late or missing does no harm: the call goes through the grain, or runs on a silo beside another activation,
/// and in both cases compare-and-swap and the lease decide (law 3).
/// </summary>
internal sealed class LocalActivations
{
    private readonly ConcurrentDictionary<AccountKey, object> _active = new();

    public bool Has(AccountKey key) => _active.ContainsKey(key);

    public void Add(AccountKey key, object activation) => _active[key] = activation;

    /// <summary>Removes the entry of this activation; one that a newer activation has replaced stays.</summary>
    public void Remove(AccountKey key, object activation) => _active.TryRemove(new(key, activation));
}
