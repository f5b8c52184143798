using Vault.Core.Identity;

namespace Vault.Core.Execution;

public interface IOutputStore
{
    Task PutAsync(StoredOutput output, CancellationToken cancellationToken);

    Task<StoredOutput?> FindAsync(
        OrganizationId organization,
        string executionId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    );

    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
