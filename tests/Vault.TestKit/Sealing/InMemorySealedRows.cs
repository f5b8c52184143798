using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.TestKit.Sealing;

/// <summary>Rows with sealed fields, like those of an account table.</summary>
public sealed class InMemorySealedRows : IResealSource
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, ResealRow> _rows = new(StringComparer.Ordinal);

    /// <summary>
    /// Called before every write with the cursor. Throw to simulate a crash, or change rows to simulate a race.
    /// </summary>
    public Action<string>? BeforeWrite { get; set; }

    public IReadOnlyList<ResealRow> All
    {
        get
        {
            lock (_gate)
                return [.. _rows.Values];
        }
    }

    public void Put(string cursor, params SealedField[] fields)
    {
        lock (_gate)
            _rows[cursor] = new ResealRow(
                cursor,
                cursor,
                fields.Min(f => f.Blob.KeyVersion),
                (_rows.GetValueOrDefault(cursor)?.RowVersion ?? 0) + 1,
                fields
            );
    }

    public ValueTask<IReadOnlyList<ResealRow>> NextAsync(
        OrganizationId organization,
        uint below,
        string? after,
        int limit,
        CancellationToken cancellationToken
    ) =>
        new([
            .. Mine(organization)
                .Where(r => r.KeyVersion < below && (after is null || string.CompareOrdinal(r.Cursor, after) > 0))
                .Take(limit),
        ]);

    public ValueTask<IReadOnlyList<bool>> WriteAsync(
        OrganizationId organization,
        uint keyVersion,
        IReadOnlyList<ResealedRow> rows,
        CancellationToken cancellationToken
    )
    {
        foreach (var row in rows)
            BeforeWrite?.Invoke(row.Row.Cursor);
        return new([.. rows.Select(r => Write(r.Row, keyVersion, r.Fields))]);
    }

    private bool Write(ResealRow row, uint keyVersion, IReadOnlyList<SealedBlob> fields)
    {
        lock (_gate)
        {
            if (_rows[row.Cursor].RowVersion != row.RowVersion)
                return false;
            Assert.All(fields, f => Assert.Equal(keyVersion, f.KeyVersion));
            _rows[row.Cursor] = row with
            {
                KeyVersion = keyVersion,
                RowVersion = row.RowVersion + 1,
                Fields = [.. row.Fields.Zip(fields, (f, b) => new SealedField(f.Context, b))],
            };
            return true;
        }
    }

    public ValueTask<bool> AnyBelowAsync(
        OrganizationId organization,
        uint below,
        CancellationToken cancellationToken
    ) => new(Mine(organization).Any(r => r.KeyVersion < below));

    private List<ResealRow> Mine(OrganizationId organization)
    {
        lock (_gate)
            return [.. _rows.Values.Where(r => r.Fields[0].Context.Organization == organization)];
    }
}
