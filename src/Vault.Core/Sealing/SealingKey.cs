using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// A reference to an unwrapped key. It stays usable until disposed, even if the keyring forgets or evicts the key. A
/// refresh takes one before it calls the token endpoint, so it can seal the response even if the key service is
/// unavailable by then (law 4). Dispose it as soon as the commit is done.
/// </summary>
public sealed class SealingKey : IDisposable
{
    private HeldKey? _held;

    internal SealingKey(HeldKey held) => (_held, Organization, Version) = (held, held.Organization, held.Version);

    public OrganizationId Organization { get; }

    public uint Version { get; }

    internal XAes256Gcm Cipher =>
        Volatile.Read(ref _held)?.Cipher ?? throw new ObjectDisposedException(nameof(SealingKey));

    // The exchange makes a second Dispose harmless: a reference is released exactly once, so the count cannot reach
    // zero while another reference exists.
    public void Dispose() => Interlocked.Exchange(ref _held, null)?.Release();

    public override string ToString() => $"[key of {Organization.Value}, version {Version}]";
}

/// <summary>
/// A reference-counted key. The keyring holds the first reference; the last release zeroes the key.
/// </summary>
internal sealed class HeldKey(OrganizationId organization, uint version, XAes256Gcm cipher, DateTimeOffset loadedAt)
{
    private int _references = 1;

    public OrganizationId Organization { get; } = organization;

    public uint Version { get; } = version;

    public XAes256Gcm Cipher { get; } = cipher;

    public DateTimeOffset LoadedAt { get; } = loadedAt;

    /// <summary>When it was last taken, as a value of the cache's counter of takes.</summary>
    public long LastTaken { get; set; }

    // At zero the cipher is disposed, so the count is incremented only from a positive value.
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
