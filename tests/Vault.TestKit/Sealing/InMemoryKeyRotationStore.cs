using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.TestKit.Memory;

namespace Vault.TestKit.Sealing;

/// <summary>The rotation journal in memory. Its drafts go to the store's outbox in the same write.</summary>
public sealed class InMemoryKeyRotationStore(MemoryStore? store = null) : IKeyRotationStore
{
    private readonly MemoryStore _store = store ?? new MemoryStore();
    private readonly Dictionary<OrganizationId, KeyRotationRow> _rows = [];
    private readonly List<LedgerDraft> _drafts = [];

    /// <summary>The saved drafts, oldest first.</summary>
    public IReadOnlyList<LedgerDraft> Drafts => _drafts;

    public ValueTask<KeyRotationRow?> FindAsync(OrganizationId organization, CancellationToken cancellationToken) =>
        new(_store.RunAsync("key_rotations.find", () => _rows.GetValueOrDefault(organization), cancellationToken));

    public async ValueTask<bool> TrySaveAsync(
        KeyRotationRow row,
        long expectedRowVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        Assert.Equal(expectedRowVersion + 1, row.RowVersion);
        var written = await _store.WriteAsync(
            "key_rotations.save",
            row.Organization,
            GateCheck.None,
            insert: false,
            () => (_rows.GetValueOrDefault(row.Organization)?.RowVersion ?? 0) == expectedRowVersion,
            () =>
            {
                _rows[row.Organization] = row;
                _drafts.AddRange(drafts);
            },
            drafts,
            cancellationToken
        );
        return written == WriteOutcome.Written;
    }

    public ValueTask<IReadOnlyList<OrganizationId>> ListUnfinishedAsync(
        int limit,
        CancellationToken cancellationToken
    ) =>
        new(
            _store.RunAsync<IReadOnlyList<OrganizationId>>(
                "key_rotations.list_unfinished",
                () =>
                    [
                        .. _rows
                            .Values.Where(r => r.Phase != KeyRotationPhase.Finished)
                            .Select(r => r.Organization)
                            .Take(limit),
                    ],
                cancellationToken
            )
        );
}
