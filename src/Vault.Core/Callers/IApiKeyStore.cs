using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.Core.Callers;

public interface IApiKeyStore
{
    /// <summary>Finds by id alone: at authentication the organization is not known yet.</summary>
    Task<ApiKeyRow?> FindAsync(string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(ApiKeyRow row, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(ApiKeyRow row, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Lists an organization's keys; the platform's when <paramref name="organization"/> is null.</summary>
    Task<Page<ApiKeyRow>> ListAsync(
        OrganizationId? organization,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The ids of the keys that a key made, in whatever organization, in the order of their ids: those after
    /// <paramref name="after"/>.
    /// </summary>
    Task<IReadOnlyList<string>> MadeByAsync(string keyId, string? after, int take, CancellationToken cancellationToken);

    Task<bool> AnyAsync(CancellationToken cancellationToken);

    Task TouchAsync(IReadOnlyList<(string Id, DateTimeOffset UsedAt)> uses, CancellationToken cancellationToken);
}
