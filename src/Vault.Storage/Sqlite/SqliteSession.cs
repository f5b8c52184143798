using System.Data.Common;
using Microsoft.Data.Sqlite;
using Vault.Storage.Sql;

namespace Vault.Storage.Sqlite;

/// <summary>One connection with its prepared commands. Used by one caller at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = [];

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    public static SqliteSession Open(string path, SqliteOpenMode mode, bool writer)
    {
        // No driver pooling: a pooled connection would return without its prepared commands.
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = mode,
                Pooling = false,
                DefaultTimeout = 10,
            }.ToString()
        );
        try
        {
            connection.Open();
            var session = new SqliteSession(connection);
            session.Run("pragma busy_timeout = 10000");
            session.Run("pragma foreign_keys = on");
            if (writer)
            {
                // WAL: readers never wait for the writer. FULL: a commit is on disk when it returns, so a ledger entry
                // survives a power failure. secure_delete: a destroyed key or deleted grant is overwritten, not only
                // unlinked.
                session.Run("pragma journal_mode = wal");
                session.Run("pragma synchronous = full");
                session.Run("pragma secure_delete = on");
            }

            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether no transaction is open: none was begun, or an error has ended it.</summary>
    public bool TransactionEnded => SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) != 0;

    /// <summary>Runs one or several statements without parameters.</summary>
    public void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public int Execute(Statement statement) => Bind(statement).ExecuteNonQuery();

    /// <summary>Runs a statement. Returns the number of returned rows, or of changed rows if it returns none.</summary>
    public int Execute(Statement statement, Action<DbDataReader>? onRow)
    {
        using var reader = Bind(statement).ExecuteReader();
        var rows = 0;
        while (reader.Read())
        {
            rows++;
            onRow?.Invoke(reader);
        }

        return reader.FieldCount > 0 ? rows : reader.RecordsAffected;
    }

    public List<T> Read<T>(Statement statement, Func<DbDataReader, T> row)
    {
        var rows = new List<T>();
        Execute(statement, reader => rows.Add(row(reader)));
        return rows;
    }

    /// <summary>Runs transaction control. The command stays prepared, because every write needs it.</summary>
    public void Control(string sql) => Command(sql).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Bind(Statement statement)
    {
        var command = Command(statement.Sql);
        var parameters = command.Parameters;
        if (parameters.Count == 0)
        {
            foreach (var parameter in statement.Parameters)
                parameters.AddWithValue("@" + parameter.Name, Value(parameter));
        }
        else
        {
            for (var i = 0; i < statement.Parameters.Count; i++)
                parameters[i].Value = Value(statement.Parameters[i]);
        }

        return command;
    }

    private SqliteCommand Command(string sql)
    {
        if (_commands.TryGetValue(sql, out var known))
            return known;
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return _commands[sql] = command;
    }

    private static object Value(Parameter parameter) =>
        parameter.Kind switch
        {
            ParameterKind.Text or ParameterKind.Integer or ParameterKind.Boolean or ParameterKind.Bytes =>
                parameter.Value ?? DBNull.Value,
            _ => throw new InvalidOperationException($"SQLite has no arrays (parameter {parameter.Name})."),
        };
}
