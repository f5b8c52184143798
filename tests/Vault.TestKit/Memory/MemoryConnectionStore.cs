using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryConnectionStore(MemoryStore store) : IConnectionStore
{
    internal Dictionary<string, ConnectionRow> Rows { get; } = [];

    public Task<ConnectionRow?> FindAsync(
        OrganizationId organization,
        ConnectionName name,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "connections.find",
            () => Rows.Values.FirstOrDefault(r => r.Organization == organization && r.Name == name),
            cancellationToken
        );

    public Task<ConnectionRow?> FindAsync(
        OrganizationId organization,
        string id,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "connections.find",
            () => Rows.GetValueOrDefault(id) is { } row && row.Organization == organization ? row : null,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(
        ConnectionRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "connections.insert",
            row.Organization,
            gate,
            insert: true,
            () => !Rows.ContainsKey(row.Id) && IsFree(row),
            () => Rows[row.Id] = row with { Version = 1 },
            drafts,
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(
        ConnectionRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "connections.update",
            row.Organization,
            GateCheck.None,
            insert: false,
            () => Fits(row.Organization, row.Id, expectedVersion) && IsFree(row),
            () => Rows[row.Id] = row with { Version = expectedVersion + 1, CreatedAt = Rows[row.Id].CreatedAt },
            drafts,
            cancellationToken
        );

    public Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        string id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "connections.delete",
            organization,
            GateCheck.None,
            insert: false,
            () => Fits(organization, id, expectedVersion),
            () => Rows.Remove(id),
            drafts,
            cancellationToken
        );

    public Task<Page<ConnectionRow>> ListAsync(
        OrganizationId organization,
        string? provider,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "connections.list",
            () =>
                MemoryStore.Page(
                    Rows.Values.Where(r =>
                        r.Organization == organization && (provider is null || r.Provider == provider)
                    ),
                    r => r.Id,
                    "connections/" + organization.Value,
                    pageSize,
                    cursor
                ),
            cancellationToken
        );

    public Task<IReadOnlyList<ConnectionId>> FindNamingAsync(
        IReadOnlyCollection<string> tools,
        string after,
        int limit,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync<IReadOnlyList<ConnectionId>>(
            "connections.naming",
            () =>
                [
                    .. Rows
                        .Values.Where(r =>
                            r.Settings.Tools is { } named
                            && named.Any(tools.Contains)
                            && string.CompareOrdinal(r.Id, after) > 0
                        )
                        .OrderBy(r => r.Id, StringComparer.Ordinal)
                        .Take(limit)
                        .Select(r => new ConnectionId(r.Organization, r.Id)),
                ],
            cancellationToken
        );

    private bool Fits(OrganizationId organization, string id, long version) =>
        Rows.TryGetValue(id, out var stored) && stored.Organization == organization && stored.Version == version;

    private bool IsFree(ConnectionRow row) =>
        !Rows.Values.Any(r => r.Id != row.Id && r.Organization == row.Organization && r.Name == row.Name);
}
