using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Erases an organization by destroying its wrapped keys. After that no ciphertext of it, in tables, backups or spools,
/// can be decrypted.
/// </summary>
public sealed class KeyErasure(IOrganizationKeyStore keys, Keyring keyring, TimeProvider time)
{
    /// <summary>
    /// Idempotent. Returns how many key versions this call destroyed. Other hosts drop their cached keys after
    /// <see cref="KeyringOptions.KeepKey"/> at the latest.
    /// </summary>
    public async Task<int> EraseAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        // Destroy in the store before forgetting in memory: a read after the write finds the tombstone, and the forget
        // keeps a key that was read before it out of the cache.
        var destroyed = await keys.DestroyAllAsync(organization, time.GetUtcNow(), cancellationToken)
            .ConfigureAwait(false);
        keyring.Forget(organization);
        return destroyed;
    }
}
