using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// An unwrapped key in hand. It stays usable until disposed, whatever the keyring forgets or evicts meanwhile: whoever
/// is about to call a token endpoint holds one before the call, so that the reply can be sealed even if the key service
/// is gone by then (law 4). Dispose it as soon as the commit is done.
/// </summary>
public sealed class SealingKey : IDisposable
{
    private HeldKey? _held;

    internal SealingKey(HeldKey held) => (_held, Organization, Version) = (held, held.Organization, held.Version);

    public OrganizationId Organization { get; }

    public uint Version { get; }

    internal XAes256Gcm Cipher =>
        Volatile.Read(ref _held)?.Cipher ?? throw new ObjectDisposedException(nameof(SealingKey));

    // The exchange makes a second Dispose harmless: a reference is given back exactly once, so the count cannot fall to
    // zero under another holder.
    public void Dispose() => Interlocked.Exchange(ref _held, null)?.Release();

    public override string ToString() => $"[key of {Organization.Value}, version {Version}]";
}

/// <summary>
/// The key itself, counted. The keyring's own reference is the first; the last one to let go zeroes it.
/// </summary>
internal sealed class HeldKey(OrganizationId organization, uint version, XAes256Gcm cipher, DateTimeOffset loadedAt)
{
    private int _references = 1;

    public OrganizationId Organization { get; } = organization;

    public uint Version { get; } = version;

    public XAes256Gcm Cipher { get; } = cipher;

    public DateTimeOffset LoadedAt { get; } = loadedAt;

    /// <summary>When it was last taken, in the keyring's own count of takes.</summary>
    public long LastTaken { get; set; }

    // From zero there is no way back: the cipher is gone. So the count is raised only where it is seen positive.
    public bool TryAcquire()
    {
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            Cipher.Dispose();
    }
}
