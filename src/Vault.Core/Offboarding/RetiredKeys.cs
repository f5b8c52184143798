using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Sealing;

namespace Vault.Core.Offboarding;

/// <summary>
/// What is left of a rotation: the older versions, retired but still able to open. A person ends them, because with
/// them go the values kept elsewhere.
/// </summary>
public sealed class RetiredKeys(
    IOrganizationKeyStore keys,
    IResealSource source,
    ILedger ledger,
    IdFactory ids,
    TimeProvider time
)
{
    /// <summary>
    /// Destroys the retired versions that nothing needs: retired at least <paramref name="retiredFor"/> ago and no row
    /// under them. The time must be longer than anything keeps a sealed value outside the rows (the reply spool, a
    /// frozen host); a day is the least. The ledger is told first: a crash in between leaves an entry whose key the
    /// next call destroys, with an entry of its own, and never a key gone without a word. Returns how many were
    /// destroyed.
    /// </summary>
    /// <returns><c>ledger_unavailable</c> where the ledger could not be told; that key and those above it
    /// stay.</returns>
    public async Task<Result<int>> DestroyAsync(
        OrganizationId organization,
        TimeSpan retiredFor,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var destroyed = 0;
        foreach (var key in await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false))
        {
            var now = time.GetUtcNow();
            if (key.Status == OrganizationKeyStatus.Destroyed)
                continue;
            if (key.Status != OrganizationKeyStatus.Retired || now - key.ChangedAt < retiredFor)
                break;
            if (await source.AnyBelowAsync(organization, key.Version + 1, cancellationToken).ConfigureAwait(false))
                break;
            if (
                await ledger
                    .AppendAsync(
                        LedgerEntries.KeyDestroyed(ids, now, requestedBy, organization, key.Version, key.ChangedAt),
                        cancellationToken
                    )
                    .ConfigureAwait(false) is
                { } refused
            )
                return refused;
            var next = key with
            {
                Status = OrganizationKeyStatus.Destroyed,
                Wrapped = null,
                ChangedAt = now,
                RowVersion = key.RowVersion + 1,
            };
            if (await keys.TryUpdateAsync(next, key.RowVersion, cancellationToken).ConfigureAwait(false))
                destroyed++;
        }

        return destroyed;
    }
}
