using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryOrganizationStore(MemoryStore store) : IOrganizationStore
{
    private readonly Dictionary<OrganizationId, OrganizationRow> _rows = [];

    public Task<OrganizationRow?> FindAsync(OrganizationId id, CancellationToken cancellationToken) =>
        store.RunAsync("organizations.find", () => _rows.GetValueOrDefault(id), cancellationToken);

    public Task<WriteOutcome> InsertAsync(
        OrganizationRow row,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "organizations.insert",
            row.Id,
            GateCheck.None,
            insert: false,
            () => !_rows.ContainsKey(row.Id) && IsFree(row),
            () => _rows[row.Id] = row with { Version = 1 },
            drafts,
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(
        OrganizationRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "organizations.update",
            row.Id,
            GateCheck.None,
            insert: false,
            () => _rows.TryGetValue(row.Id, out var stored) && stored.Version == expectedVersion && IsFree(row),
            () => _rows[row.Id] = row with { Version = expectedVersion + 1, CreatedAt = _rows[row.Id].CreatedAt },
            drafts,
            cancellationToken
        );

    public Task<Page<OrganizationRow>> ListAsync(
        string? externalId,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "organizations.list",
            () =>
                MemoryStore.Page(
                    _rows.Values.Where(r => externalId is null || r.ExternalId == externalId),
                    r => r.Id.Value,
                    "organizations",
                    pageSize,
                    cursor
                ),
            cancellationToken
        );

    public Task<IReadOnlyList<OrganizationId>> FindCascadesAsync(int limit, CancellationToken cancellationToken) =>
        store.RunAsync<IReadOnlyList<OrganizationId>>(
            "organizations.find_cascades",
            () =>
                [
                    .. _rows
                        .Values.Where(r => r.State.Cascade is not null)
                        .Select(r => r.Id)
                        .OrderBy(i => i.Value, StringComparer.Ordinal)
                        .Take(limit),
                ],
            cancellationToken
        );

    public Task<bool> PurgeAsync(OrganizationId id, int limit, CancellationToken cancellationToken) =>
        store.RunAsync(
            "organizations.purge",
            () =>
            {
                var left = limit;
                Purge(store.Links.Rows, r => r.Key.Organization == id, ref left);
                Purge(store.Accounts.Rows, r => r.Key.Organization == id, ref left);
                Purge(store.ScopeUses.Rows, r => r.Organization == id, ref left);
                Purge(store.Connections.Rows, r => r.Organization == id, ref left);
                Purge(store.ApiKeys.Rows, r => r.Organization == id, ref left);
                Purge(store.Approvals.Rows, r => r.Organization == id, ref left);
                Purge(store.Outputs.Rows, r => r.Organization == id, ref left);
                Purge(store.Idempotency.Rows, r => r.Organization == id, ref left);
                return left > 0;
            },
            cancellationToken
        );

    internal Gate? Gate(OrganizationId id) => _rows.TryGetValue(id, out var row) ? row.State.Gate : null;

    private bool IsFree(OrganizationRow row) =>
        row.ExternalId is null || !_rows.Values.Any(r => r.Id != row.Id && r.ExternalId == row.ExternalId);

    private static void Purge<TKey, TRow>(Dictionary<TKey, TRow> rows, Func<TRow, bool> mine, ref int left)
        where TKey : notnull
    {
        var deleted = rows.Where(r => mine(r.Value)).Select(r => r.Key).Take(left).ToList();
        foreach (var key in deleted)
            rows.Remove(key);
        left -= deleted.Count;
    }
}
