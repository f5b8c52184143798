using Npgsql;
using Vault.Host.Setup;

namespace Vault.Silo.Setup;

/// <summary>Applies silo-config/postgres/cluster.sql, which is compiled in: in one transaction, under its own advisory lock, as often as a silo starts.</summary>
internal static class ClusterSchema
{
    private const string Schema = "cluster";

    /// <summary>For Orleans' providers: their tables and their statements are found in the schema. They ask rarely, so their pool is small and lets go of what idles.</summary>
    public static string ConnectionString(VaultOptions options) => new NpgsqlConnectionStringBuilder(options.Database)
    {
        SearchPath = Schema,
        ApplicationName = "vault-cluster",
        MinPoolSize = 0,
        MaxPoolSize = 8,
        ConnectionIdleLifetime = 20,
        ConnectionPruningInterval = 5,
        IncludeErrorDetail = false,
        PersistSecurityInfo = false,
    }.ToString();

    /// <returns>What the silos of this database know each other by.</returns>
    /// <exception cref="StartException">The database cannot be reached, or the login may not make the schema.</exception>
    public static async Task<MemberToken> ApplyAsync(VaultOptions options, CancellationToken cancellationToken)
    {
        await using var script = typeof(ClusterSchema).Assembly.GetManifestResourceStream("cluster.sql")!;
        using var reader = new StreamReader(script);
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(options.DatabaseOwner ?? options.Database) { Pooling = false, IncludeErrorDetail = false }.ToString());
            await connection.OpenAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(await reader.ReadToEndAsync(cancellationToken), connection, transaction) { CommandTimeout = 60 };
            await command.ExecuteNonQueryAsync(cancellationToken);
            await using var asked = new NpgsqlCommand("cluster_private.member_token", connection, transaction) { CommandType = System.Data.CommandType.TableDirect };
            var token = new MemberToken((string)(await asked.ExecuteScalarAsync(cancellationToken))!);
            await transaction.CommitAsync(cancellationToken);
            return token;
        }
        catch (NpgsqlException e)
        {
            throw new StartException($"The schema '{Schema}' cannot be prepared ({(e as PostgresException)?.SqlState ?? "no connection"}): {e.Message}");
        }
    }
}
