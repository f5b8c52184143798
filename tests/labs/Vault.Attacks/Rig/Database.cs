using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Vault.Attacks.Rig;

/// <summary>The host's database, read beside the host, as somebody whom row-level security does not bind.</summary>
internal sealed class Database : IDisposable
{
    private readonly DbConnection _connection;

    private Database(DbConnection connection)
    {
        _connection = connection;
        _connection.Open();
    }

    private bool IsSqlite => _connection is SqliteConnection;

    public IEnumerable<string> Tables =>
        Texts(
            IsSqlite
                ? "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
                : "select tablename from pg_tables where schemaname = 'vault' order by tablename"
        );

    public static Database Of(AttackRig rig) =>
        new(
            rig.Postgres is { } text
                ? new NpgsqlConnection(
                    new NpgsqlConnectionStringBuilder(text) { SearchPath = "vault", Pooling = false }.ToString()
                )
                : new SqliteConnection(
                    $"Data Source={Directory.EnumerateFiles(rig.Folder, "*.db", SearchOption.AllDirectories).Single()};Mode=ReadOnly;Pooling=False"
                )
        );

    public List<string> Columns(string table) =>
        Texts(
            IsSqlite
                ? $"select name from pragma_table_info('{table}')"
                : $"select column_name::text from information_schema.columns where table_schema = 'vault' and table_name = '{table}' order by ordinal_position"
        );

    /// <summary>Every value of these columns, comparable as it comes.</summary>
    public string Select(string table, IEnumerable<string> columns, string where = "") =>
        $"select {string.Join(", ", columns.Select(c => IsSqlite ? $"\"{c}\"" : $"\"{c}\"::text"))} from \"{table}\" {where} order by 1, 2";

    /// <summary>
    /// Changes whenever another connection has committed something; on PostgreSQL also for nothing (a transaction that
    /// wrote nothing, or the server's own work).
    /// </summary>
    public string Version()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = IsSqlite ? "pragma data_version" : "select pg_snapshot_xmax(pg_current_snapshot())::text";
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }

    /// <summary>SHA-256 over all values of a query, in its order.</summary>
    /// <param name="sql">May name <c>@o</c>.</param>
    /// <param name="organization">The value of <c>@o</c>.</param>
    public string Digest(string sql, string? organization = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        if (organization is not null)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("@o", organization);
            command.Parameters.Add(parameter);
        }

        using var reader = command.ExecuteReader();
        while (reader.Read())
            for (var i = 0; i < reader.FieldCount; i++)
                hash.AppendData(
                    reader.GetValue(i) is byte[] bytes
                        ? bytes
                        : Encoding.UTF8.GetBytes(
                            Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture) + "\0"
                        )
                );
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public void Dispose() => _connection.Dispose();

    private List<string> Texts(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var texts = new List<string>();
        while (reader.Read())
            texts.Add(reader.GetString(0));
        return texts;
    }
}
