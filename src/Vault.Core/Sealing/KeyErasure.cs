using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Erases an organization by destroying its wrapped keys: every ciphertext of it, in tables, backups and spools, stays
/// shut for good.
/// </summary>
public sealed class KeyErasure(IOrganizationKeyStore keys, Keyring keyring, TimeProvider time)
{
    /// <summary>
    /// Idempotent. Returns how many key versions were destroyed by this call. Other hosts' memory is clear after
    /// <see cref="KeyringOptions.KeepKey"/> at the latest.
    /// </summary>
    public async Task<int> EraseAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        // First the store, then the memory: a key read again between the two would find the tombstone, and the forget
        // keeps one that is being unwrapped out.
        var destroyed = await keys.DestroyAllAsync(organization, time.GetUtcNow(), cancellationToken)
            .ConfigureAwait(false);
        keyring.Forget(organization);
        return destroyed;
    }
}
