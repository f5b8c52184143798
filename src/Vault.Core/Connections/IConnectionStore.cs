using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Core.Connections;

public interface IConnectionStore
{
    Task<ConnectionRow?> FindAsync(
        OrganizationId organization,
        ConnectionName name,
        CancellationToken cancellationToken
    );

    Task<ConnectionRow?> FindAsync(OrganizationId organization, string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(
        ConnectionRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    Task<WriteOutcome> UpdateAsync(
        ConnectionRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        string id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    Task<Page<ConnectionRow>> ListAsync(
        OrganizationId organization,
        string? provider,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Connections of any organization whose settings name one of these tools, in order of their ids: for what the
    /// platform takes away from all. Only ids.
    /// </summary>
    /// <param name="tools">Names of tools.</param>
    /// <param name="after">Only ids above this one; empty for all.</param>
    Task<IReadOnlyList<ConnectionId>> FindNamingAsync(
        IReadOnlyCollection<string> tools,
        string after,
        int limit,
        CancellationToken cancellationToken
    );
}
