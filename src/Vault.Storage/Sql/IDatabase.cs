using System.Data.Common;
using Vault.Core.Persistence;

namespace Vault.Storage.Sql;

/// <summary>One statement of a batch with its scope and a callback for its rows.</summary>
internal sealed record Step(Scope Scope, Statement Statement, Action<DbDataReader>? OnRow = null);

/// <summary>
/// The interface of the two dialects. Every call is one transaction and, on PostgreSQL, one round trip; no transaction
/// is open while other code runs. A write ignores cancellation after it has begun: a cancelled write never started, so
/// cancellation never leaves a write in doubt.
/// </summary>
/// <exception cref="Vault.Core.Errors.StoreUnavailableException">Every member throws it when the database is
/// unavailable.</exception>
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
    /// Runs the steps in order in one transaction that may write. Returns for each step the number of rows it returned,
    /// or the number it changed if it returns no rows.
    /// </summary>
    Task<int[]> BatchAsync(IReadOnlyList<Step> steps, CancellationToken cancellationToken);

    /// <summary>Removes older copies of overwritten secrets, as far as the database can do it at once.</summary>
    Task ForgetAsync(CancellationToken cancellationToken);

    /// <summary>Returns the time of the database's clock; null when it has none.</summary>
    Task<DateTimeOffset?> PingAsync(CancellationToken cancellationToken);
}

internal static class DatabaseExtensions
{
    /// <summary>Selects the SQL for the current dialect.</summary>
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

    /// <summary>Reads a page by key. It reads one row more to know whether there is a next page.</summary>
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
