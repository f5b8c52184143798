using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryApiKeyStore(MemoryStore store) : IApiKeyStore
{
    internal Dictionary<string, ApiKeyRow> Rows { get; } = [];

    public Task<ApiKeyRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        store.RunAsync("api_keys.find", () => Rows.GetValueOrDefault(id), cancellationToken);

    public Task<WriteOutcome> InsertAsync(ApiKeyRow row, CancellationToken cancellationToken) =>
        store.RunAsync(
            "api_keys.insert",
            () => Rows.TryAdd(row.Id, row with { Version = 1 }) ? WriteOutcome.Written : WriteOutcome.Stale,
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(ApiKeyRow row, long expectedVersion, CancellationToken cancellationToken) =>
        store.RunAsync(
            "api_keys.update",
            () =>
            {
                if (
                    !Rows.TryGetValue(row.Id, out var stored)
                    || stored.Version != expectedVersion
                    || stored.Organization != row.Organization
                )
                    return WriteOutcome.Stale;
                Rows[row.Id] = row with
                {
                    Version = expectedVersion + 1,
                    CreatedAt = stored.CreatedAt,
                    MadeBy = stored.MadeBy,
                    Ancestors = stored.Ancestors,
                    RotatedFrom = stored.RotatedFrom,
                    Constraints = stored.Constraints,
                    LastUsedAt = stored.LastUsedAt,
                };
                return WriteOutcome.Written;
            },
            cancellationToken
        );

    public Task<Page<ApiKeyRow>> ListAsync(
        OrganizationId? organization,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "api_keys.list",
            () =>
                MemoryStore.Page(
                    Rows.Values.Where(r => r.Organization == organization),
                    r => r.Id,
                    "api_keys/" + (organization?.Value ?? "platform"),
                    pageSize,
                    cursor
                ),
            cancellationToken
        );

    public Task<IReadOnlyList<string>> MadeByAsync(
        string keyId,
        string? after,
        int take,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "api_keys.made_by",
            () =>
                (IReadOnlyList<string>)
                    [
                        .. Rows
                            .Values.Where(r => r.MadeBy == keyId)
                            .Select(r => r.Id)
                            .Where(id => after is null || string.CompareOrdinal(id, after) > 0)
                            .Order(StringComparer.Ordinal)
                            .Take(take),
                    ],
            cancellationToken
        );

    public Task<bool> AnyAsync(CancellationToken cancellationToken) =>
        store.RunAsync("api_keys.any", () => Rows.Count > 0, cancellationToken);

    public Task TouchAsync(
        IReadOnlyList<(string Id, DateTimeOffset UsedAt)> uses,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "api_keys.touch",
            () =>
            {
                foreach (var (id, usedAt) in uses)
                {
                    if (Rows.TryGetValue(id, out var row) && !(row.LastUsedAt >= usedAt))
                        Rows[id] = row with { LastUsedAt = usedAt };
                }

                return true;
            },
            cancellationToken
        );
}
