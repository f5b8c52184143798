using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Core.Organizations;

public interface IOrganizationStore
{
    Task<OrganizationRow?> FindAsync(OrganizationId id, CancellationToken cancellationToken);

    /// <summary><see cref="WriteOutcome.Stale"/> when the id or the external id is taken.</summary>
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

    /// <summary>Organizations with an unfinished cascade; a host resumes them on start and from time to time.</summary>
    Task<IReadOnlyList<OrganizationId>> FindCascadesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes what an erased organization leaves besides its ledger digests: accounts, connections, links, keys of
    /// callers, outputs. Idempotent, in bounded steps; true when nothing is left.
    /// </summary>
    Task<bool> PurgeAsync(OrganizationId id, int limit, CancellationToken cancellationToken);
}
