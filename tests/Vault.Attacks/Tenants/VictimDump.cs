using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Vault.Attacks.Tenants;

/// <summary>The rows of one organization, as a digest per table; without when something was last used, which is noted a while after the use.</summary>
internal sealed class VictimDump : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly List<(string Table, string Columns, string Owner)> _tables = [];

    public VictimDump(string folder)
    {
        _connection = new SqliteConnection($"Data Source={Directory.EnumerateFiles(folder, "*.db", SearchOption.AllDirectories).Single()};Mode=ReadOnly;Pooling=False");
        _connection.Open();
        foreach (var table in Texts("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'ledger_outbox%'"))
        {
            var columns = Texts($"select name from pragma_table_info('{table}')");
            var told = string.Join(", ", columns.Where(c => c != "last_used_at").Select(c => '"' + c + '"'));
            if (columns.Contains("organization_id")) _tables.Add((table, told, "organization_id"));
            else if (table == "organizations") _tables.Add((table, told, "id"));
        }
    }

    public Dictionary<string, string> Take(string organization)
    {
        var digests = new Dictionary<string, string>();
        foreach (var (table, columns, owner) in _tables)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = $"select {columns} from \"{table}\" where {owner} = $o order by 1, 2";
            command.Parameters.AddWithValue("$o", organization);
            using var reader = command.ExecuteReader();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
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
