using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Vault.Attacks.Rig;

/// <summary>The host's database, read beside the host.</summary>
internal sealed class DatabaseFile : IDisposable
{
    private readonly SqliteConnection _connection;

    public DatabaseFile(string folder)
    {
        var file = Directory.EnumerateFiles(folder, "*.db", SearchOption.AllDirectories).Single();
        _connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
        _connection.Open();
    }

    public IEnumerable<string> Tables => Texts("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name");

    public List<string> Columns(string table) => Texts($"select name from pragma_table_info('{table}')");

    /// <summary>Changes exactly when another connection has committed something.</summary>
    public long Version()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "pragma data_version";
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>SHA-256 over all values of a query, in its order.</summary>
    /// <param name="sql">May name <c>$o</c>.</param>
    /// <param name="organization">The value of <c>$o</c>.</param>
    public string Digest(string sql, string? organization = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        if (organization is not null) command.Parameters.AddWithValue("$o", organization);
        using var reader = command.ExecuteReader();
        while (reader.Read())
            for (var i = 0; i < reader.FieldCount; i++)
                hash.AppendData(reader.GetValue(i) is byte[] bytes ? bytes : Encoding.UTF8.GetBytes(Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture) + "\0"));
        return Convert.ToHexString(hash.GetHashAndReset());
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
