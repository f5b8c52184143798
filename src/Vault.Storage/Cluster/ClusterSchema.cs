using Npgsql;
using Vault.Core.Errors;

namespace Vault.Storage.Cluster;

/// <summary>
/// The tables of Orleans' clustering, reminder and grain storage providers. The script silo-config/postgres/cluster.sql
/// is embedded and runs at every start, in one transaction under its own advisory lock.
/// </summary>
public static class ClusterSchema
{
    private const string Schema = "cluster";

    /// <summary>
    /// The connection string for Orleans' providers, with the schema of their tables. They query rarely, so their pool
    /// is small and closes idle connections.
    /// </summary>
    public static string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(database)
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

    /// <param name="owner">The connection string of a login that may create the schema.</param>
    /// <returns>The secret with which the silos of this database recognize each other.</returns>
    /// <exception cref="StoreUnavailableException">The database is unreachable, or the login may not create the
    /// schema.</exception>
    public static async Task<string> ApplyAsync(string owner, CancellationToken cancellationToken)
    {
        await using var script = typeof(ClusterSchema).Assembly.GetManifestResourceStream("cluster.sql")!;
        using var reader = new StreamReader(script);
        try
        {
            await using var connection = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(owner) { Pooling = false, IncludeErrorDetail = false }.ToString()
            );
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var transaction = await connection
                .BeginTransactionAsync(cancellationToken)
                .ConfigureAwait(false);
            await using var command = new NpgsqlCommand(
                await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false),
                connection,
                transaction
            )
            {
                CommandTimeout = 60,
            };
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await using var query = new NpgsqlCommand(
                "select token from cluster_private.member_token",
                connection,
                transaction
            );
            var token = (string)(await query.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return token;
        }
        catch (NpgsqlException e)
        {
            throw new StoreUnavailableException(
                $"the schema '{Schema}' cannot be prepared "
                    + $"({(e as PostgresException)?.SqlState ?? "no connection"}): {e.Message}",
                mayHaveCommitted: false,
                e
            );
        }
    }
}
