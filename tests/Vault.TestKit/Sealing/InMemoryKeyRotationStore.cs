using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.TestKit.Sealing;

/// <summary>The rotation journal in memory.</summary>
public sealed class InMemoryKeyRotationStore : IKeyRotationStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<OrganizationId, KeyRotationRow> _rows = [];

    public ValueTask<KeyRotationRow?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        lock (_gate) return new(_rows.GetValueOrDefault(organization));
    }

    public ValueTask<bool> TrySaveAsync(KeyRotationRow row, long expectedRowVersion, CancellationToken cancellationToken)
    {
        Assert.Equal(expectedRowVersion + 1, row.RowVersion);
        lock (_gate)
        {
            if ((_rows.GetValueOrDefault(row.Organization)?.RowVersion ?? 0) != expectedRowVersion) return new(false);
            _rows[row.Organization] = row;
            return new(true);
        }
    }

    public ValueTask<IReadOnlyList<OrganizationId>> ListUnfinishedAsync(int limit, CancellationToken cancellationToken)
    {
        lock (_gate) return new([.. _rows.Values.Where(r => r.Phase != KeyRotationPhase.Finished).Select(r => r.Organization).Take(limit)]);
    }
}
