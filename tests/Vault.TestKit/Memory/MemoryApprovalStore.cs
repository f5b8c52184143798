using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryApprovalStore(MemoryStore store) : IApprovalStore
{
    internal Dictionary<string, ApprovalRow> Rows { get; } = [];

    public Task<ApprovalRow?> FindAsync(OrganizationId organization, string id, CancellationToken cancellationToken) =>
        store.RunAsync(
            "approvals.find",
            () => Rows.GetValueOrDefault(id) is { } row && row.Organization == organization ? row : null,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(ApprovalRow row, CancellationToken cancellationToken) =>
        store.WriteAsync(
            "approvals.insert",
            row.Organization,
            GateCheck.None,
            insert: true,
            () => !Rows.ContainsKey(row.Id),
            () => Rows[row.Id] = row with { Version = 1 },
            [],
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(ApprovalRow row, long expectedVersion, CancellationToken cancellationToken) =>
        store.WriteAsync(
            "approvals.update",
            row.Organization,
            GateCheck.None,
            insert: false,
            () =>
                Rows.TryGetValue(row.Id, out var stored)
                && stored.Organization == row.Organization
                && stored.Version == expectedVersion,
            () =>
                Rows[row.Id] = Rows[row.Id] with
                {
                    Status = row.Status,
                    DecidedBy = row.DecidedBy,
                    DecidedWith = row.DecidedWith,
                    ExpiresAt = row.ExpiresAt,
                    Version = expectedVersion + 1,
                },
            [],
            cancellationToken
        );

    public Task<Page<ApprovalRow>> ListAsync(
        OrganizationId organization,
        ApprovalStatus? status,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "approvals.list",
            () =>
                MemoryStore.Page(
                    Rows.Values.Where(r => r.Organization == organization && (status is null || r.Status == status)),
                    r => r.Id,
                    "approvals/" + organization.Value,
                    pageSize,
                    cursor
                ),
            cancellationToken
        );
}
