using System.Diagnostics;
using Npgsql;

namespace Vault.Storage.Postgres;

/// <summary>
/// The application's connections. Every session switches to the role <c>vault_app</c>, which owns no table and is
/// subject to every policy. So one connection string is enough: its login may be the owner, which migrates the schema
/// first.
/// </summary>
internal static class PostgresConnections
{
    public const string Role = "vault_app";
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    // Read committed: PostgreSQL tests the conditions of a statement again on a row that it has waited for; stricter
    // levels would fail instead. synchronous_commit: a commit is on disk when it is acknowledged, even if the
    // database's default is off; a stronger setting of the operator is kept.
    private const string Session = $"""
        set role {Role};
        set default_transaction_isolation = 'read committed';
        set lock_timeout = '5s';
        set idle_in_transaction_session_timeout = '30s';
        select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
        """;

    public static NpgsqlDataSource Source(string connectionString) => Source(Settings(connectionString));

    /// <summary>
    /// Sessions of the ledger's writer, which has one append at a time. The pool hands the same session out again, with
    /// its statement prepared and its caches warm; in a shared pool it would get another one each time. The second
    /// session serves while an append that was given up still holds the first.
    /// </summary>
    public static NpgsqlDataSource LedgerSource(string connectionString)
    {
        var settings = Settings(connectionString);
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = 2;
        return Source(settings);
    }

    private static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ToString());
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(Session, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(Session, connection);
                await command.ExecuteNonQueryAsync();
            }
        );
        return builder.Build();
    }

    public static NpgsqlConnectionStringBuilder Settings(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException e)
        {
            // The message names only the keyword: the connection string may contain a password.
            throw new ArgumentException(
                "The PostgreSQL connection string is malformed: " + e.Message,
                nameof(connectionString)
            );
        }

        settings.SearchPath = "vault";
        settings.Enlist = false;
        // A reset between two uses would undo SET ROLE. It is safe without one: the organization is set for one
        // transaction only, and there is no other session state.
        settings.NoResetOnClose = true;
        settings.IncludeErrorDetail = false;
        settings.PersistSecurityInfo = false;
        settings.MaxAutoPrepare = Math.Max(settings.MaxAutoPrepare, 128);
        settings.AutoPrepareMinUsages = 2;
        if (settings.ApplicationName is null)
            settings.ApplicationName = "vault";
        // Every host has its own pool, and a server has 100 sessions by default: three hosts fit and leave sessions for
        // administrators. More sessions than cores are no faster; a caller without a free session waits for one.
        if (!settings.ShouldSerialize("Maximum Pool Size"))
            settings.MaxPoolSize = Math.Max(30, settings.MinPoolSize);
        if (!settings.ShouldSerialize("Timeout"))
            settings.Timeout = 5;
        if (!settings.ShouldSerialize("Command Timeout"))
            settings.CommandTimeout = 15;
        return settings;
    }

    /// <summary>
    /// Opens a session. While the server has no free session or is starting, it retries for at most
    /// <see cref="MaxWait"/>. Retrying is safe, because no statement was sent yet.
    /// </summary>
    public static async ValueTask<NpgsqlConnection> OpenAsync(
        NpgsqlDataSource source,
        CancellationToken cancellationToken
    )
    {
        var began = Stopwatch.GetTimestamp();
        for (var pause = 20; ; pause = Math.Min(250, pause * 2))
        {
            try
            {
                return await source.OpenConnectionAsync(cancellationToken);
            }
            catch (PostgresException e) when (PostgresErrors.IsFull(e) && Stopwatch.GetElapsedTime(began) < MaxWait)
            {
                await Task.Delay(pause, cancellationToken);
            }
        }
    }

    /// <summary>Refuses to run under a role that is not subject to the policies.</summary>
    public static async Task VerifyAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "select current_user::text, rolsuper or rolbypassrls, exists (select 1 from pg_class c "
                + "join pg_namespace n on n.oid = c.relnamespace "
                + "where n.nspname = 'vault' and pg_has_role(current_user, c.relowner, 'member')) from pg_roles "
                + "where rolname = current_user"
        );
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (
            !await reader.ReadAsync(cancellationToken)
            || reader.GetString(0) != Role
            || reader.GetBoolean(1)
            || reader.GetBoolean(2)
        )
            throw new InvalidOperationException(
                $"The application must run as the role {Role}, which is no superuser, has no BYPASSRLS "
                    + "and owns no table; correct the role."
            );
    }
}
