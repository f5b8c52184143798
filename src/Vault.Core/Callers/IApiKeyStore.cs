using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.Core.Callers;

public interface IApiKeyStore
{
    /// <summary>By id alone: the caller shows its key before anyone knows its organization.</summary>
    Task<ApiKeyRow?> FindAsync(string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(ApiKeyRow row, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(ApiKeyRow row, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Keys of one organization; of the platform when <paramref name="organization"/> is null.</summary>
    Task<Page<ApiKeyRow>> ListAsync(
        OrganizationId? organization,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    );

    Task<bool> AnyAsync(CancellationToken cancellationToken);

    Task TouchAsync(IReadOnlyList<(string Id, DateTimeOffset UsedAt)> uses, CancellationToken cancellationToken);
}
