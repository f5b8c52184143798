using System.Data.Common;
using Vault.Core.Persistence;

namespace Vault.Storage.Sql;

/// <summary>One statement of a batch, the scope it runs under and what is done with its rows.</summary>
internal sealed record Step(Scope Scope, Statement Statement, Action<DbDataReader>? OnRow = null);

/// <summary>
/// The two dialects behind one face. Every call is one transaction and, on PostgreSQL, one round trip; no transaction
/// is ever open while anything but SQL runs. A write ignores its cancellation once it has begun: a cancelled write is
/// one that never started, so its outcome is never in doubt for that reason.
/// </summary>
/// <exception cref="Vault.Core.Errors.StoreUnavailableException">Thrown by every member when the database cannot
/// answer.</exception>
internal interface IDatabase : IAsyncDisposable
{
    bool IsPostgres { get; }

    Task<List<T>> ReadAsync<T>(
        Scope scope,
        Statement statement,
        Func<DbDataReader, T> row,
        CancellationToken cancellationToken
    );

    Task<WriteOutcome> WriteAsync(Write write, CancellationToken cancellationToken);

    /// <summary>
    /// Runs the steps in order in one transaction that may write; answers how many rows each touched (or returned,
    /// where it returns rows).
    /// </summary>
    Task<int[]> BatchAsync(IReadOnlyList<Step> steps, CancellationToken cancellationToken);

    /// <summary>After secrets were overwritten: whatever the database can do at once to drop older copies.</summary>
    Task ForgetAsync(CancellationToken cancellationToken);

    /// <summary>Answers the time by the database's own clock; null where it has none.</summary>
    Task<DateTimeOffset?> PingAsync(CancellationToken cancellationToken);
}

internal static class DatabaseExtensions
{
    /// <summary>The text for the dialect at hand, where the two differ.</summary>
    public static string Pick(this IDatabase database, string postgres, string sqlite) =>
        database.IsPostgres ? postgres : sqlite;

    public static async Task<T?> ReadOneAsync<T>(
        this IDatabase database,
        Scope scope,
        Statement statement,
        Func<DbDataReader, T> row,
        CancellationToken cancellationToken
    )
        where T : class
    {
        var rows = await database.ReadAsync(scope, statement, row, cancellationToken);
        return rows.Count switch
        {
            0 => null,
            1 => rows[0],
            _ => throw new InvalidOperationException("A lookup by a unique key found more than one row."),
        };
    }

    public static async Task<int> ChangeAsync(
        this IDatabase database,
        Scope scope,
        Statement statement,
        CancellationToken cancellationToken
    ) => (await database.BatchAsync([new Step(scope, statement)], cancellationToken))[0];

    /// <summary>A page by key: one row more than asked for tells whether there is a next page.</summary>
    public static async Task<Page<T>> PageAsync<T>(
        this IDatabase database,
        Scope scope,
        Statement statement,
        Func<DbDataReader, T> row,
        string list,
        int pageSize,
        Func<T, string> key,
        CancellationToken cancellationToken
    )
    {
        var rows = await database.ReadAsync(scope, statement.Integer("take", pageSize + 1L), row, cancellationToken);
        if (rows.Count <= pageSize)
            return new Page<T>(rows, null);
        rows.RemoveAt(rows.Count - 1);
        return new Page<T>(rows, PageCursor.Encode(list, key(rows[^1])));
    }
}
