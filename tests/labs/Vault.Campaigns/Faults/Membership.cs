using System.Globalization;
using Npgsql;

namespace Vault.Campaigns.Faults;

/// <summary>The membership table, read beside the silos.</summary>
internal static class Membership
{
    /// <summary>As port and generation: a silo that was started again is another member.</summary>
    public static Task<List<string>> ActiveAsync(string database, CancellationToken cancellationToken) =>
        QueryAsync(
            database,
            "select port || '@' || generation from cluster.membership where status = 3 order by 1",
            cancellationToken
        );

    public static async Task<long> RowsAsync(string database, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(database, "select count(*)::text from cluster.membership", cancellationToken);
        return long.Parse(rows[0], CultureInfo.InvariantCulture);
    }

    private static async Task<List<string>> QueryAsync(string database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ToString()
        );
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<string> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(reader.GetString(0));
        return rows;
    }
}
