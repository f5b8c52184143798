using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Vault.Campaigns.Leaks;

/// <summary>Every row of one table, as text and as bytes. A leak is planted as a row of its own.</summary>
internal sealed class TablePlace : LeakPlace
{
    private readonly Func<System.Data.Common.DbConnection> _open;
    private readonly string _table;
    private readonly bool _postgres;

    private TablePlace(string table, bool postgres, Func<System.Data.Common.DbConnection> open)
        : base("table " + table) => (_table, _postgres, _open) = (table, postgres, open);

    public static async Task<IReadOnlyList<LeakPlace>> AllAsync(
        string? postgres,
        string sqlite,
        CancellationToken cancellationToken
    )
    {
        System.Data.Common.DbConnection Open() =>
            postgres is null
                ? new SqliteConnection(
                    new SqliteConnectionStringBuilder { DataSource = sqlite, Pooling = false }.ToString()
                )
                : new NpgsqlConnection(new NpgsqlConnectionStringBuilder(postgres) { Pooling = false }.ToString());
        await using var connection = Open();
        await connection.OpenAsync(cancellationToken);
        var names = await ReadAsync(
            connection,
            postgres is null
                ? "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
                : "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'vault'",
            r => r.GetString(0),
            cancellationToken
        );
        return
        [
            .. names.Order(StringComparer.Ordinal).Select(name => new TablePlace(name, postgres is not null, Open)),
        ];
    }

    public override async Task<IReadOnlyList<byte[]>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = _open();
        await connection.OpenAsync(cancellationToken);
        return await ReadAsync(
            connection,
            $"select * from {_table}",
            reader =>
            {
                var row = new MemoryStream();
                for (var i = 0; i < reader.FieldCount; i++)
                    if (!reader.IsDBNull(i))
                        row.Write(
                            reader.GetValue(i) switch
                            {
                                byte[] bytes => bytes,
                                string[] texts => Encoding.UTF8.GetBytes(string.Join('\n', texts)),
                                var value => Encoding.UTF8.GetBytes(value.ToString()!),
                            }
                        );
                return row.ToArray();
            },
            cancellationToken
        );
    }

    public override async Task PlantAsync(string text, CancellationToken cancellationToken)
    {
        await using var connection = _open();
        await connection.OpenAsync(cancellationToken);
        if (_postgres)
        {
            // The lab's copy of the database; its rules would refuse such a row, which is not what is shown here.
            var rules = await ReadAsync(
                connection,
                $"select conname from pg_constraint where conrelid = '{_table}'::regclass and contype in ('c', 'f')",
                r => r.GetString(0),
                cancellationToken
            );
            foreach (var rule in rules)
                await RunAsync(connection, $"alter table {_table} drop constraint \"{rule}\"", cancellationToken);
            await RunAsync(
                connection,
                $"alter table {_table} disable trigger all; alter table {_table} add column planted text default '{text}'",
                cancellationToken
            );
            var columns = await ReadAsync(
                connection,
                $"""
                select format('%I', a.attname), case when t.typname in ('int2', 'int4', 'int8', 'numeric') then '-1' when t.typname = 'bool' then 'false' when t.typname = 'timestamptz' then 'now()'
                  when t.typname = 'bytea' then '''\x00''' when t.typname in ('json', 'jsonb', '_text') then '''{"{}"}''' else '''planted''' end
                from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = '{_table}'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'planted' and a.attgenerated = '' and a.attidentity = ''
                """,
                r => (r.GetString(0), r.GetString(1)),
                cancellationToken
            );
            await RunAsync(
                connection,
                $"insert into {_table} ({string.Join(", ", columns.Select(c => c.Item1))}) values ({string.Join(", ", columns.Select(c => c.Item2))})",
                cancellationToken
            );
            return;
        }

        await RunAsync(
            connection,
            "pragma busy_timeout = 30000; pragma ignore_check_constraints = on; pragma foreign_keys = off",
            cancellationToken
        );
        await RunAsync(connection, $"alter table {_table} add column planted text default '{text}'", cancellationToken);
        var types = await ReadAsync(
            connection,
            $"select name, upper(type) from pragma_table_info('{_table}') where name <> 'planted'",
            r => (r.GetString(0), r.GetString(1)),
            cancellationToken
        );
        var values = types.Select(t =>
            t.Item2 switch
            {
                "INTEGER" or "INT" => "-1",
                "REAL" => "0.0",
                "BLOB" => "x'00'",
                _ => "'planted'",
            }
        );
        await RunAsync(
            connection,
            $"insert into {_table} ({string.Join(", ", types.Select(t => t.Item1))}) values ({string.Join(", ", values)})",
            cancellationToken
        );
    }

    private static async Task<List<T>> ReadAsync<T>(
        System.Data.Common.DbConnection connection,
        string sql,
        Func<System.Data.Common.DbDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> found = [];
        while (await reader.ReadAsync(cancellationToken))
            found.Add(read(reader));
        return found;
    }

    private static async Task RunAsync(
        System.Data.Common.DbConnection connection,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
