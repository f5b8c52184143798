using Npgsql;
using Vault.TestKit.Leaks;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// Law 2, checked at the end of every end-to-end test: none of the recognisable credentials that went through the hosts
/// stands in the clear (as it is, base64 at any alignment, URL-encoded, JSON-escaped) in a log, an answer, a metric, a
/// database or any file the hosts wrote.
/// </summary>
internal sealed class Canary(params IEnumerable<string> secrets)
{
    private readonly SecretForms _forms = new(secrets);

    public bool Finds(ReadOnlySpan<byte> where) => _forms.AreIn(where);

    public bool Finds(string where) => _forms.AreIn(where);

    /// <param name="folder">What the hosts write into.</param>
    /// <param name="running">They still do: what they hold locked is empty, and a file may go while it is looked
    /// for.</param>
    public IEnumerable<string> InFiles(string folder, bool running = false) =>
        from file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        where !running || (File.Exists(file) && Path.GetFileName(file) != "host.lock")
        // The first administrator's key stands there for its operator, and nothing else.
        where Path.GetFileName(file) != "admin.key" || File.ReadAllLines(file).Length != 1
        where Finds(File.ReadAllBytes(file))
        select "file " + Path.GetFileName(file);

    /// <summary>
    /// Every row of every table of the schema, as text; bytes are shown as hexadecimal there, so they are looked at
    /// decoded, too.
    /// </summary>
    public async Task<IReadOnlyList<string>> InDatabaseAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var tables = new List<string>();
        await using (
            var command = new NpgsqlCommand(
                "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('vault', 'cluster')",
                connection
            )
        )
        await using (var reader = await command.ExecuteReaderAsync())
            while (await reader.ReadAsync())
                tables.Add(reader.GetString(0));
        Assert.NotEmpty(tables);
        var found = new List<string>();
        foreach (var table in tables)
        {
            await using var command = new NpgsqlCommand($"select t::text from {table} t", connection);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var text = reader.GetString(0);
                if (Finds(text) || Finds(Decoded(text)))
                    found.Add("table " + table);
            }
        }

        return found;
    }

    private static byte[] Decoded(string text)
    {
        var found = new MemoryStream();
        foreach (
            System.Text.RegularExpressions.Match hex in System.Text.RegularExpressions.Regex.Matches(
                text,
                @"\\x((?:[0-9a-f]{2})+)"
            )
        )
            found.Write(Convert.FromHexString(hex.Groups[1].ValueSpan));
        return found.ToArray();
    }
}
