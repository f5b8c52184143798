using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Unwrapped keys in memory, bounded in count and time. Taking one out counts a reference, so eviction never pulls a
/// key away under its holder.
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
    /// Changes with every <see cref="Forget"/>: a key whose unwrapping began before it must not enter after it.
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
    /// A lease on the version, or on the active one when <paramref name="version"/> is 0; null when it is not here or
    /// too old.
    /// </summary>
    public SealingKey? Take(OrganizationId organization, uint version, DateTimeOffset now)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(Keyring));
            if (version == 0)
            {
                if (!_active.TryGetValue(organization, out var active) || Past(active.ReadAt, options.KeepActive, now))
                    return null;
                version = active.Version;
            }

            if (
                !_keys.TryGetValue((organization, version), out var held)
                || Past(held.LoadedAt, options.KeepKey, now)
                || !held.TryAcquire()
            )
                return null;
            held.LastTaken = ++_takes;
            return new SealingKey(held);
        }
    }

    /// <summary>
    /// Takes over the key, unless something was forgotten since <paramref name="epoch"/>: then it is zeroed and the
    /// caller reads again.
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

    /// <summary>Drops what is past its time, so that an idle organization's key does not stay in memory.</summary>
    public void Sweep(DateTimeOffset now)
    {
        lock (_gate)
        {
            Drop(k => Past(k.LoadedAt, options.KeepKey, now));
            foreach (var (organization, active) in _active)
                if (Past(active.ReadAt, options.KeepActive, now))
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

    // A clock set back must not keep a key alive: an entry from the future counts as old.
    private static bool Past(DateTimeOffset since, TimeSpan keep, DateTimeOffset now) =>
        now < since || now - since >= keep;

    // An eighth at once: the scan is paid once in Capacity / 8 insertions.
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
