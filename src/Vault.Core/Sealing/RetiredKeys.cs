using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>What is left of a rotation: the older versions, retired but still able to open. A person ends them, because with them go the values kept elsewhere.</summary>
public sealed class RetiredKeys(IOrganizationKeyStore keys, IResealSource source, TimeProvider time)
{
    /// <summary>
    /// Destroys the retired versions that nothing needs: retired at least <paramref name="retiredFor"/> ago and no row under them. The time must be longer than
    /// anything keeps a sealed value outside the rows (the reply spool, a frozen host); a day is the least. Returns how many were destroyed.
    /// </summary>
    public async Task<int> DestroyAsync(OrganizationId organization, TimeSpan retiredFor, CancellationToken cancellationToken)
    {
        var destroyed = 0;
        foreach (var key in await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false))
        {
            var now = time.GetUtcNow();
            if (key.Status == OrganizationKeyStatus.Destroyed) continue;
            if (key.Status != OrganizationKeyStatus.Retired || now - key.ChangedAt < retiredFor) break;
            if (await source.AnyBelowAsync(organization, key.Version + 1, cancellationToken).ConfigureAwait(false)) break;
            var next = key with { Status = OrganizationKeyStatus.Destroyed, Wrapped = null, ChangedAt = now, RowVersion = key.RowVersion + 1 };
            if (await keys.TryUpdateAsync(next, key.RowVersion, cancellationToken).ConfigureAwait(false)) destroyed++;
        }

        return destroyed;
    }
}
