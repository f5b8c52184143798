using System.Data.Common;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// Lists the sealed columns of all tables. A row has those of its fields that are sealed under an older key; a cursor
/// is the table's letter and the row's key. <b>Add each new table or column with sealed values to
/// <see cref="Places"/></b>; a test compares them with the database's catalogue.
/// </summary>
internal sealed class SqlResealSource(IDatabase database) : IResealSource
{
    /// <summary>A table with sealed columns.</summary>
    /// <param name="Letter">The position among the tables; never reused.</param>
    /// <param name="Kind">The name of a row in messages.</param>
    /// <param name="Keys">The columns that identify the row within its organization.</param>
    /// <param name="Version">The row's version column. Null for a table without one; then compare-and-swap compares the
    /// old bytes.</param>
    internal sealed record Place(
        string Letter,
        string Kind,
        string Table,
        string[] Keys,
        string? Version,
        Column[] Columns
    );

    /// <param name="Context">The context of the value, from the row's keys and the generation: the same function that
    /// its writer and reader call.</param>
    /// <param name="Generation">The column with the value's generation; null when a value is written once.</param>
    internal sealed record Column(
        string Name,
        Func<OrganizationId, string[], long, SealContext> Context,
        string? Generation = null
    );

    internal static IReadOnlyList<Place> Places { get; } =
    [
        new(
            "a",
            "connected_account",
            "accounts",
            ["id"],
            "version",
            [
                new(
                    "grant_blob",
                    (o, keys, generation) => SealContext.Grant(o, new AccountId(keys[0]), generation),
                    "generation"
                ),
                new(
                    "credential",
                    (o, keys, generation) => SealContext.Credential(o, new AccountId(keys[0]), generation),
                    "credential_generation"
                ),
            ]
        ),
        new(
            "b",
            "connection",
            "connections",
            ["id"],
            "version",
            [
                new(
                    "client_secret",
                    (o, keys, generation) => SealContext.ClientSecret(o, keys[0], generation),
                    "secret_generation"
                ),
            ]
        ),
        new(
            "c",
            "link",
            "links",
            ["id"],
            "version",
            [new("code_verifier", (o, keys, _) => SealContext.CodeVerifier(o, keys[0]))]
        ),
        new(
            "d",
            "output",
            "outputs",
            ["execution_id"],
            null,
            [new("body", (o, keys, _) => SealContext.Output(o, keys[0]))]
        ),
        new(
            "e",
            "idempotent_answer",
            "idempotency",
            ["scope", "key"],
            null,
            [new("body", (o, keys, _) => SealContext.IdempotentResponse(o, keys[0], keys[1]))]
        ),
        new(
            "f",
            "approval",
            "approvals",
            ["id"],
            "version",
            [new("arguments", (o, keys, _) => SealContext.ApprovalArguments(o, keys[0]))]
        ),
    ];

    public async ValueTask<IReadOnlyList<ResealRow>> NextAsync(
        OrganizationId organization,
        uint below,
        string? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<ResealRow>();
        (string Letter, string[] Keys)? start = after is null ? null : Split(after);
        foreach (var place in Places)
        {
            var order = start is null ? 1 : string.CompareOrdinal(place.Letter, start.Value.Letter);
            if (order < 0)
                continue;
            rows.AddRange(
                await ReadAsync(
                    place,
                    organization,
                    below,
                    order == 0 ? start!.Value.Keys : null,
                    limit - rows.Count,
                    cancellationToken
                )
            );
            if (rows.Count >= limit)
                break;
        }

        return rows;
    }

    public async ValueTask<IReadOnlyList<bool>> WriteAsync(
        OrganizationId organization,
        uint keyVersion,
        IReadOnlyList<ResealedRow> rows,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(rows);
        // Every run of the job writes in cursor order, so two concurrent runs cannot deadlock.
        var touched = await database.BatchAsync(
            [.. rows.Select(r => new Step(Scope.Of(organization), Update(organization, keyVersion, r.Row, r.Fields)))],
            cancellationToken
        );
        return Array.ConvertAll(touched, t => t == 1);
    }

    private static Statement Update(
        OrganizationId organization,
        uint keyVersion,
        ResealRow row,
        IReadOnlyList<SealedBlob> fields
    )
    {
        if (fields.Count != row.Fields.Count || fields.Count == 0)
            throw new ArgumentException("All fields of the row must be written back.", nameof(row));
        if (fields.Any(f => f.KeyVersion != keyVersion))
            throw new ArgumentException(
                "A field is sealed under another key version than the one to write to the row.",
                nameof(row)
            );
        var (letter, keys) = Split(row.Cursor);
        var place = Places.First(p => p.Letter == letter);

        // The row version increases with this write too: a writer that has read the old ciphertext must not put it
        // back.
        var set = place.Version is null ? "" : $"{place.Version} = @expected + 1, ";
        var where = place.Version is null ? "" : $" and {place.Version} = @expected";
        var values = new Statement("").Text("organization", organization.Value);
        if (place.Version is not null)
            values.Integer("expected", row.RowVersion);
        for (var i = 0; i < keys.Length; i++)
            values.Text("key" + i, keys[i]);
        for (var i = 0; i < fields.Count; i++)
        {
            var old = row.Fields[i];
            var column = place
                .Columns.First(c => c.Context(old.Context.Organization, keys, old.Context.Generation) == old.Context)
                .Name;
            set += $"{(i == 0 ? "" : ", ")}{column} = @{column}, {column}_key_version = @{column}_key_version";
            where += $" and {column}_key_version = @old_version{i}";
            values.Blob(column, fields[i]).Integer("old_version" + i, old.Blob.KeyVersion);
            if (place.Version is not null)
                continue;
            where += $" and {column} = @old{i}";
            values.Bytes("old" + i, old.Blob.Bytes);
        }

        var match = string.Join(" and ", place.Keys.Select((k, i) => $"{k} = @key{i}"));
        return values.As($"update {place.Table} set {set} where organization_id = @organization and {match}{where}");
    }

    public async ValueTask<bool> AnyBelowAsync(
        OrganizationId organization,
        uint below,
        CancellationToken cancellationToken
    )
    {
        var sql =
            "select 1 where "
            + string.Join(
                " or ",
                Places.Select(p =>
                    $"exists (select 1 from {p.Table} where organization_id = @organization and ({Older(p)}))"
                )
            );
        var found = await database.ReadAsync(
            Scope.Of(organization),
            new Statement(sql).Text("organization", organization.Value).Integer("below", below),
            r => r.GetInt32(0),
            cancellationToken
        );
        return found.Count > 0;
    }

    private async Task<List<ResealRow>> ReadAsync(
        Place place,
        OrganizationId organization,
        uint below,
        string[]? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var keys = string.Join(", ", place.Keys);
        var columns = string.Join(
            ", ",
            place.Columns.Select(c => $"{c.Name}, {c.Name}_key_version, cast({c.Generation ?? "0"} as bigint)")
        );
        var sql =
            $"select cast({place.Version ?? "0"} as bigint), {keys}, {columns} from {place.Table} "
            + $"where organization_id = @organization and ({Older(place)}) "
            + (after is null ? "" : $"and ({keys}) > ({string.Join(", ", place.Keys.Select((_, i) => "@key" + i))}) ")
            + $"order by {keys} limit @take";
        var statement = new Statement(sql)
            .Text("organization", organization.Value)
            .Integer("below", below)
            .Integer("take", limit);
        for (var i = 0; i < (after?.Length ?? 0); i++)
            statement.Text("key" + i, after![i]);
        return await database.ReadAsync(
            Scope.Of(organization),
            statement,
            r => Row(place, organization, below, r),
            cancellationToken
        );
    }

    private static ResealRow Row(Place place, OrganizationId organization, uint below, DbDataReader r)
    {
        var keys = new string[place.Keys.Length];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = r.GetString(1 + i);
        var fields = new List<SealedField>();
        for (var i = 0; i < place.Columns.Length; i++)
        {
            var at = 1 + keys.Length + (3 * i);
            if (r.Blob(at) is not { } blob || blob.KeyVersion >= below)
                continue;
            fields.Add(new SealedField(place.Columns[i].Context(organization, keys, r.GetInt64(at + 2)), blob));
        }

        // For a stored response the name has the scope and not the idempotency key, which the caller chose.
        return new ResealRow(
            place.Letter + "/" + string.Join('/', keys.Select(Uri.EscapeDataString)),
            $"{place.Kind} {keys[0]}",
            fields.Min(f => f.Blob.KeyVersion),
            r.GetInt64(0),
            fields
        );
    }

    private static string Older(Place place) =>
        string.Join(" or ", place.Columns.Select(c => c.Name + "_key_version < @below"));

    private static (string Letter, string[] Keys) Split(string cursor)
    {
        var parts = cursor.Split('/');
        var place = Places.FirstOrDefault(p => p.Letter == parts[0]);
        return place is not null && parts.Length == place.Keys.Length + 1
            ? (parts[0], [.. parts.Skip(1).Select(Uri.UnescapeDataString)])
            : throw new ArgumentException("Not a cursor of this source.", nameof(cursor));
    }
}
