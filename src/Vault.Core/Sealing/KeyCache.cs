using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Unwrapped keys in memory, bounded in count and time. <see cref="Take"/> adds a reference to the key, so eviction
/// never destroys a key in use.
/// </summary>
internal sealed class KeyCache(KeyringOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(OrganizationId Organization, uint Version), HeldKey> _keys = [];
    private readonly Dictionary<OrganizationId, (uint Version, DateTimeOffset ReadAt)> _active = [];
    private long _takes;
    private long _epoch;
    private bool _closed;

    /// <summary>
    /// Changes with every <see cref="Forget"/>. A key that a caller began to unwrap before a forget must not enter the
    /// cache after it.
    /// </summary>
    public long Epoch
    {
        get
        {
            lock (_gate)
                return _epoch;
        }
    }

    /// <summary>
    /// A reference to the version, or to the active version when <paramref name="version"/> is 0. Null when it is not
    /// cached or its time has passed.
    /// </summary>
    public SealingKey? Take(OrganizationId organization, uint version, DateTimeOffset now)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(Keyring));
            if (version == 0)
            {
                if (
                    !_active.TryGetValue(organization, out var active)
                    || Expired(active.ReadAt, options.KeepActive, now)
                )
                    return null;
                version = active.Version;
            }

            if (
                !_keys.TryGetValue((organization, version), out var held)
                || Expired(held.LoadedAt, options.KeepKey, now)
                || !held.TryAcquire()
            )
                return null;
            held.LastTaken = ++_takes;
            return new SealingKey(held);
        }
    }

    /// <summary>
    /// Adds the key and takes ownership of it. If a key was forgotten since <paramref name="epoch"/>, releases it
    /// instead, and the caller reads again.
    /// </summary>
    public void Put(HeldKey key, bool isActive, long epoch, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_closed || epoch != _epoch)
            {
                key.Release();
                return;
            }

            if (_keys.Remove((key.Organization, key.Version), out var old))
                old.Release();
            if (_keys.Count >= options.Capacity)
                EvictOldest();
            key.LastTaken = ++_takes;
            _keys[(key.Organization, key.Version)] = key;
            if (isActive)
                _active[key.Organization] = (key.Version, now);
        }
    }

    public void Forget(OrganizationId organization)
    {
        lock (_gate)
        {
            _epoch++;
            _active.Remove(organization);
            Drop(k => k.Organization == organization);
        }
    }

    /// <summary>Drops expired keys, so that an idle organization's key does not stay in memory.</summary>
    public void Sweep(DateTimeOffset now)
    {
        lock (_gate)
        {
            Drop(k => Expired(k.LoadedAt, options.KeepKey, now));
            foreach (var (organization, active) in _active)
                if (Expired(active.ReadAt, options.KeepActive, now))
                    _active.Remove(organization);
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _active.Clear();
            Drop(_ => true);
        }
    }

    // A clock that was set back must not extend the life of a key: an entry from the future counts as expired.
    private static bool Expired(DateTimeOffset since, TimeSpan keep, DateTimeOffset now) =>
        now < since || now - since >= keep;

    // Evicts an eighth at once, so the scan costs once in Capacity / 8 insertions.
    private void EvictOldest()
    {
        var oldest = _keys.Values.OrderBy(k => k.LastTaken).Take(Math.Max(1, options.Capacity / 8)).ToHashSet();
        Drop(oldest.Contains);
    }

    private void Drop(Func<HeldKey, bool> unwanted)
    {
        foreach (var (place, key) in _keys)
        {
            if (!unwanted(key))
                continue;
            _keys.Remove(place);
            key.Release();
        }
    }
}
