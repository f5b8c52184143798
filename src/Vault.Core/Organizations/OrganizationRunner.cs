using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Core.Organizations;

/// <summary>
/// Reads the row, decides, and writes by compare-and-swap on the version it read. After a lost race it starts again.
/// </summary>
internal sealed class OrganizationRunner(IOrganizationStore store, IdFactory ids, TimeProvider time)
{
    // Each lost race means that another write succeeded. So many lost races in a row are a bug, not contention.
    public const int MaxRaces = 32;

    public async Task<Result<OrganizationRow>> ApplyAsync(
        OrganizationId id,
        OrganizationEvent what,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        for (var race = 0; race < MaxRaces; race++)
        {
            var row = await store.FindAsync(id, cancellationToken).ConfigureAwait(false);
            if (row is null)
                return Unknown();
            var decision = OrganizationLifecycle.Decide(row.State, what);
            switch (decision.Outcome)
            {
                case OrganizationOutcome.Nothing:
                    return row;
                case OrganizationOutcome.Refused:
                    return Refused(row);
                case OrganizationOutcome.Busy:
                    return new VaultError(
                        ErrorCatalogue.Conflict,
                        "Another cascade of the organization is running; try again when it has finished."
                    );
                default:
                    break;
            }

            var next = row with { State = decision.Next, Version = row.Version + 1, UpdatedAt = time.GetUtcNow() };
            LedgerDraft[] drafts = decision.LedgerType is null ? [] : [Draft(next, decision.LedgerType, requestedBy)];
            var written = await store.UpdateAsync(next, row.Version, drafts, cancellationToken).ConfigureAwait(false);
            if (written == WriteOutcome.Written)
                return next;
        }

        return new VaultError(ErrorCatalogue.Conflict, "The organization was changed concurrently; try again.");
    }

    public LedgerDraft Draft(OrganizationRow row, string type, string requestedBy) =>
        LedgerEntries.Organization(ids, time.GetUtcNow(), type, requestedBy, row.Id, row.State.Status.ToString());

    public static VaultError Unknown() => new(ErrorCatalogue.OrganizationUnknown, "The organization is not known.");

    public static VaultError Refused(OrganizationRow row)
    {
        var status = row.State.Status.ToString().ToLowerInvariant();
        return new(ErrorCatalogue.Conflict, $"The organization is {status}; this status does not allow the operation.");
    }
}
