using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Vault.Attacks.Rig;

/// <summary>What the database holds, as a digest per table. Left out: the ledger and its outbox (a refusal may be told there), kept answers of repeated keys, and when something was last used.</summary>
internal sealed class Dump : IDisposable
{
    private static readonly string[] LeftOut = ["ledger", "idempotency", "sqlite_", "schema_version"];
    private static readonly string[] Volatile = ["last_used_at"];
    private readonly SqliteConnection _connection;
    private readonly List<(string Table, string Columns)> _tables = [];

    public Dump(string folder)
    {
        var file = Directory.EnumerateFiles(folder, "*.db", SearchOption.AllDirectories).Single();
        _connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
        _connection.Open();
        foreach (var table in Texts("select name from sqlite_master where type = 'table' order by name"))
            if (!LeftOut.Any(l => table.StartsWith(l, StringComparison.Ordinal)))
                _tables.Add((table, string.Join(", ", Texts($"select name from pragma_table_info('{table}')").Except(Volatile).Select(c => '"' + c + '"'))));
    }

    public int Tables => _tables.Count;

    /// <summary>Changes exactly when another connection has committed something.</summary>
    public long Version()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "pragma data_version";
        return (long)command.ExecuteScalar()!;
    }

    public Dictionary<string, string> Take()
    {
        var digests = new Dictionary<string, string>();
        foreach (var (table, columns) in _tables)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using var command = _connection.CreateCommand();
            command.CommandText = $"select {columns} from \"{table}\" order by 1, 2";
            using var reader = command.ExecuteReader();
            while (reader.Read())
                for (var i = 0; i < reader.FieldCount; i++)
                    hash.AppendData(reader.GetValue(i) is byte[] bytes ? bytes : Encoding.UTF8.GetBytes(Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture) + "\0"));
            digests[table] = Convert.ToHexString(hash.GetHashAndReset());
        }

        return digests;
    }

    public void Dispose() => _connection.Dispose();

    private List<string> Texts(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var texts = new List<string>();
        while (reader.Read()) texts.Add(reader.GetString(0));
        return texts;
    }
}
