using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.Core.Execution;

public interface IApprovalStore
{
    Task<ApprovalRow?> FindAsync(OrganizationId organization, string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(ApprovalRow row, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(ApprovalRow row, long expectedVersion, CancellationToken cancellationToken);

    Task<Page<ApprovalRow>> ListAsync(
        OrganizationId organization,
        ApprovalStatus? status,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    );
}
