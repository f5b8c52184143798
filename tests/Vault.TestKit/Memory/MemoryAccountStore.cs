using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryAccountStore(MemoryStore store) : IAccountStore
{
    internal Dictionary<AccountId, AccountRow> Rows { get; } = [];

    internal bool Knows(OrganizationId organization, AccountId id) =>
        Rows.GetValueOrDefault(id) is { } row && row.Key.Organization == organization;

    public Task<AccountSnapshot?> FindAsync(AccountKey key, CancellationToken cancellationToken) =>
        store.RunAsync(
            "accounts.find",
            () => Snapshot(Rows.Values.FirstOrDefault(r => r.Key == key)),
            cancellationToken
        );

    public Task<AccountSnapshot?> FindAsync(
        OrganizationId organization,
        AccountId id,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "accounts.find",
            () => Snapshot(Rows.GetValueOrDefault(id) is { } row && row.Key.Organization == organization ? row : null),
            cancellationToken
        );

    public Task<UserAccounts?> FindForUserAsync(
        OrganizationId organization,
        UserId user,
        string provider,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync<UserAccounts?>(
            "accounts.find_for_user",
            () =>
                store.Organizations.Gate(organization) is { } gate
                    ? new UserAccounts(
                        [
                            .. Rows
                                .Values.Where(r =>
                                    r.Key.Organization == organization && r.Key.User == user && r.Provider == provider
                                )
                                .OrderBy(r => r.Id.Value, StringComparer.Ordinal),
                        ],
                        gate
                    )
                    : null,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(
        AccountRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "accounts.insert",
            row.Key.Organization,
            gate,
            insert: true,
            () => !Rows.ContainsKey(row.Id) && !Rows.Values.Any(r => r.Key == row.Key),
            () => Rows[row.Id] = row with { Version = 1 },
            drafts,
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(
        AccountRow row,
        long expectedVersion,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "accounts.update",
            row.Key.Organization,
            gate,
            insert: false,
            () =>
                Rows.TryGetValue(row.Id, out var stored)
                && stored.Key.Organization == row.Key.Organization
                && stored.Version == expectedVersion,
            () =>
            {
                var stored = Rows[row.Id];
                Rows[row.Id] = row with
                {
                    Key = stored.Key,
                    Version = expectedVersion + 1,
                    CreatedAt = stored.CreatedAt,
                    LastUsedAt = stored.LastUsedAt,
                };
            },
            drafts,
            cancellationToken
        );

    public Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        AccountId id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "accounts.delete",
            organization,
            GateCheck.None,
            insert: false,
            () => Knows(organization, id) && Rows[id].Version == expectedVersion,
            () => Rows.Remove(id),
            drafts,
            cancellationToken
        );

    public Task<Page<AccountRow>> ListAsync(
        OrganizationId organization,
        AccountFilter filter,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "accounts.list",
            () =>
                MemoryStore.Page(
                    Rows.Values.Where(r =>
                        r.Key.Organization == organization
                        && (filter.User is null || r.Key.User == filter.User)
                        && (filter.Connection is null || r.Key.Connection == filter.Connection)
                        && (filter.Provider is null || r.Provider == filter.Provider)
                        && (filter.Status is null || r.State.ShownStatus == filter.Status)
                        && (filter.Subject is null || r.State.Identity?.Subject == filter.Subject)
                    ),
                    r => r.Id.Value,
                    "accounts/" + organization.Value,
                    pageSize,
                    cursor
                ),
            cancellationToken
        );

    public Task<IReadOnlyList<DueAccount>> FindDueAsync(
        DateTimeOffset now,
        IReadOnlyCollection<int> mine,
        int shards,
        int limit,
        IReadOnlyCollection<string> without,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync<IReadOnlyList<DueAccount>>(
            "accounts.find_due",
            () =>
                [
                    .. Due(now)
                        .Where(r =>
                            mine.Any(shard => AccountShard.IsIn(r.Key, shard, shards)) && !without.Contains(r.Provider)
                        )
                        .OrderBy(r => r.DueAt)
                        .ThenBy(r => r.Id.Value, StringComparer.Ordinal)
                        .Take(limit)
                        .Select(r => new DueAccount(r.Key, r.Id, r.Provider, r.DueAt!.Value)),
                ],
            cancellationToken
        );

    public Task<long> CountDueAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        store.RunAsync("accounts.count_due", () => Due(now).LongCount(), cancellationToken);

    public Task TouchAsync(
        IReadOnlyList<(OrganizationId Organization, AccountId Id, DateTimeOffset UsedAt)> uses,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "accounts.touch",
            () =>
            {
                foreach (var (organization, id, usedAt) in uses)
                {
                    if (
                        Rows.TryGetValue(id, out var row)
                        && row.Key.Organization == organization
                        && !(row.LastUsedAt >= usedAt)
                    )
                        Rows[id] = row with { LastUsedAt = usedAt };
                }

                return true;
            },
            cancellationToken
        );

    private IEnumerable<AccountRow> Due(DateTimeOffset now) =>
        Rows.Values.Where(r => r.DueAt <= now && store.Organizations.Gate(r.Key.Organization) is { Open: true });

    private AccountSnapshot? Snapshot(AccountRow? row) =>
        row is null ? null : new AccountSnapshot(row, store.Organizations.Gate(row.Key.Organization)!.Value);
}
