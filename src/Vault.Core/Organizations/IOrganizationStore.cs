using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Core.Organizations;

public interface IOrganizationStore
{
    Task<OrganizationRow?> FindAsync(OrganizationId id, CancellationToken cancellationToken);

    /// <summary><see cref="WriteOutcome.Stale"/> when the id or the external id already exists.</summary>
    Task<WriteOutcome> InsertAsync(
        OrganizationRow row,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    Task<WriteOutcome> UpdateAsync(
        OrganizationRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    Task<Page<OrganizationRow>> ListAsync(
        string? externalId,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    );

    /// <summary>Organizations with an unfinished cascade. A host resumes them on start and periodically.</summary>
    Task<IReadOnlyList<OrganizationId>> FindCascadesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes all rows of an erased organization except its ledger digests: accounts, connections, links, API keys,
    /// outputs. Idempotent; deletes at most <paramref name="limit"/> rows a call. True when no row is left.
    /// </summary>
    Task<bool> PurgeAsync(OrganizationId id, int limit, CancellationToken cancellationToken);
}
