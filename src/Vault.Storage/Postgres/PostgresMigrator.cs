using Npgsql;
using Vault.Storage.Schema;

namespace Vault.Storage.Postgres;

internal static class PostgresMigrator
{
    // An arbitrary number, the same in every version: a host that migrates this database holds this advisory lock.
    private const long Lock = 0x7661756c74;

    /// <summary>
    /// Migrates the database to this program's schema, as the owner. All steps are one transaction under an advisory
    /// lock: of two hosts that start at once, the second waits and then finds nothing to do. A crash leaves the old
    /// schema unchanged.
    /// </summary>
    /// <param name="ownerConnectionString">A login that owns the schema or may create it.</param>
    /// <param name="login">The application's login, which becomes a member of the application's role; null when it is
    /// the owner.</param>
    /// <param name="cancellationToken">Cancels the migration without a change.</param>
    public static async Task MigrateAsync(
        string ownerConnectionString,
        string? login,
        CancellationToken cancellationToken
    )
    {
        var settings = PostgresConnections.Settings(ownerConnectionString);
        settings.Pooling = false;
        settings.MaxAutoPrepare = 0;
        settings.CommandTimeout = 600;
        await using var connection = new NpgsqlConnection(settings.ToString());
        await connection.OpenAsync(cancellationToken);
        var steps = Migrations.Of("postgres");
        if (Migrations.After(steps, await VersionAsync(connection, cancellationToken)).Any())
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await RunAsync(connection, $"select pg_advisory_xact_lock({Lock})", cancellationToken);
            await RunAsync(connection, "create schema if not exists vault", cancellationToken);
            await RunAsync(
                connection,
                "create table if not exists vault.schema_version (version bigint primary key, name text not null)",
                cancellationToken
            );
            // Read the version again: the first read was before the lock.
            foreach (var step in Migrations.After(steps, await VersionAsync(connection, cancellationToken)))
            {
                await RunAsync(connection, step.Sql, cancellationToken);
                await RunAsync(
                    connection,
                    $"insert into vault.schema_version (version, name) values ({step.Version}, '{step.Name}')",
                    cancellationToken
                );
            }

            await transaction.CommitAsync(cancellationToken);
        }

        if (login is not null)
            await AdmitAsync(connection, login, cancellationToken);
    }

    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand(
            "select to_regclass('vault.schema_version') is not null",
            connection
        );
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
            return 0;
        await using var version = new NpgsqlCommand(
            "select coalesce(max(version), 0) from vault.schema_version",
            connection
        );
        return (int)(long)(await version.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task AdmitAsync(NpgsqlConnection connection, string login, CancellationToken cancellationToken)
    {
        await using var member = new NpgsqlCommand(
            $"select pg_has_role($1, '{PostgresConnections.Role}', 'member')",
            connection
        )
        {
            Parameters = { new() { Value = login } },
        };
        if (await member.ExecuteScalarAsync(cancellationToken) is true)
            return;
        await RunAsync(
            connection,
            $"grant {PostgresConnections.Role} to \"{login.Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
            cancellationToken
        );
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
