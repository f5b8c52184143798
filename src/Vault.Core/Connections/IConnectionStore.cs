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
    /// The ids of the connections in all organizations whose settings name one of these tools, in id order. Used when
    /// the platform removes tools.
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
