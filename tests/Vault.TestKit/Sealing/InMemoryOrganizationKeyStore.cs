using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.TestKit.Sealing;

/// <summary>Organization keys in memory, with the unique key and the compare-and-swap of the real store.</summary>
public sealed class InMemoryOrganizationKeyStore : IOrganizationKeyStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<(string Organization, uint Version), OrganizationKeyRow> _rows = new();

    /// <summary>Awaited before every read, so that a test can hold a call.</summary>
    public Func<Task>? OnRead { get; set; }

    public int Reads { get; private set; }

    /// <summary>Overwrites a row as an attacker with access to the database would.</summary>
    public void Tamper(OrganizationKeyRow row)
    {
        lock (_gate)
            _rows[(row.Organization.Value, row.Version)] = row;
    }

    public async ValueTask<OrganizationKeyRow?> FindActiveAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    ) => (await RowsAsync(organization)).LastOrDefault(r => r.Status == OrganizationKeyStatus.Active);

    public async ValueTask<OrganizationKeyRow?> FindAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    ) => (await RowsAsync(organization)).FirstOrDefault(r => r.Version == version);

    public async ValueTask<IReadOnlyList<OrganizationKeyRow>> ListAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    ) => await RowsAsync(organization);

    public ValueTask<bool> TryInsertAsync(OrganizationKeyRow row, CancellationToken cancellationToken)
    {
        lock (_gate)
            return new(_rows.TryAdd((row.Organization.Value, row.Version), row));
    }

    public ValueTask<bool> TryUpdateAsync(
        OrganizationKeyRow next,
        long expectedRowVersion,
        CancellationToken cancellationToken
    )
    {
        Assert.Equal(expectedRowVersion + 1, next.RowVersion);
        lock (_gate)
        {
            var place = (next.Organization.Value, next.Version);
            if (
                !_rows.TryGetValue(place, out var row)
                || row.RowVersion != expectedRowVersion
                || row.Status == OrganizationKeyStatus.Destroyed
            )
                return new(false);
            _rows[place] = next;
            return new(true);
        }
    }

    public ValueTask<int> DestroyAllAsync(
        OrganizationId organization,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
        {
            var mine = _rows
                .Values.Where(r => r.Organization == organization && r.Status != OrganizationKeyStatus.Destroyed)
                .ToList();
            foreach (var row in mine)
                _rows[(row.Organization.Value, row.Version)] = row with
                {
                    Status = OrganizationKeyStatus.Destroyed,
                    Wrapped = null,
                    ChangedAt = now,
                    RowVersion = row.RowVersion + 1,
                };
            return new(mine.Count);
        }
    }

    public ValueTask<IReadOnlyList<OrganizationKeyRow>> ListNotUnderMasterAsync(
        string masterKeyId,
        OrganizationKeyPosition? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
        {
            return new([
                .. _rows
                    .Values.Where(r => r.Status != OrganizationKeyStatus.Destroyed && r.MasterKeyId != masterKeyId)
                    .Where(r =>
                        after is not { } a
                        || (r.Organization.Value, r.Version).CompareTo((a.Organization.Value, a.Version)) > 0
                    )
                    .Take(limit),
            ]);
        }
    }

    private async Task<List<OrganizationKeyRow>> RowsAsync(OrganizationId organization)
    {
        if (OnRead is { } hold)
            await hold();
        lock (_gate)
        {
            Reads++;
            return [.. _rows.Values.Where(r => r.Organization == organization)];
        }
    }
}
