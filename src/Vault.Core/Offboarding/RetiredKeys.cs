using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Sealing;

namespace Vault.Core.Offboarding;

/// <summary>
/// Destroys the key versions that a rotation has retired. Retired versions still decrypt. An operator starts their
/// destruction, because values that are kept outside the rows cannot be decrypted after it.
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
    /// Destroys the versions that were retired at least <paramref name="retiredFor"/> ago and that seal no row. That
    /// time must be longer than a sealed value can exist outside the rows (in the reply spool or on a frozen host), at
    /// least a day. The ledger entry is written first: after a crash in between, the next call writes another entry and
    /// destroys the key, so no key is destroyed without an entry. Returns how many versions were destroyed.
    /// </summary>
    /// <returns><c>ledger_unavailable</c> when the entry could not be written; that key and the later ones
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
                await ledger.AppendAsync(Entry(key, requestedBy, now), cancellationToken).ConfigureAwait(false) is
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

    private LedgerDraft Entry(OrganizationKeyRow key, string requestedBy, DateTimeOffset now) =>
        new()
        {
            EventId = ids.NewEvent(),
            Organization = key.Organization,
            Type = LedgerEvents.KeyDestroyed,
            Time = now,
            Caller = requestedBy,
            Details = JsonSerializer.SerializeToElement(
                new Dictionary<string, object> { ["key_version"] = key.Version, ["retired_at"] = key.ChangedAt }
            ),
        };
}
