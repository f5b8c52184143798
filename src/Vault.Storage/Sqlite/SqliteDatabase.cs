using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Sqlite;

/// <summary>
/// One file, one writer, a few readers. Every write goes through <see cref="SqliteWriter"/>, which takes the write lock
/// before it reads.
/// </summary>
internal sealed class SqliteDatabase : IDatabase
{
    private const int Readers = 4;

    private readonly string _path;
    private readonly LedgerEntryWriter _entryWriter;
    private readonly SemaphoreSlim _reading = new(Readers, Readers);
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly SqliteWriter _writer;
    private bool _closed;

    private SqliteDatabase(string path, SqliteSession writer, LedgerEntryWriter entryWriter) =>
        (_path, _writer, _entryWriter) = (path, new SqliteWriter(writer), entryWriter);

    public bool IsPostgres => false;

    public static SqliteDatabase Open(string path, LedgerEntryWriter entryWriter)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        Create(full);
        try
        {
            var writer = SqliteSession.Open(full, SqliteOpenMode.ReadWriteCreate, writer: true);
            try
            {
                SqliteMigrator.Migrate(writer);
            }
            catch
            {
                writer.Dispose();
                throw;
            }

            return new SqliteDatabase(full, writer, entryWriter);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, committing: false);
        }
    }

    public async Task<List<T>> ReadAsync<T>(
        Scope scope,
        Statement statement,
        Func<DbDataReader, T> row,
        CancellationToken cancellationToken
    )
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (!_readers.TryTake(out var session))
                session = SqliteSession.Open(_path, SqliteOpenMode.ReadWrite, writer: false);
            var healthy = false;
            try
            {
                var rows = session.Read(statement, row);
                healthy = true;
                return rows;
            }
            finally
            {
                if (healthy)
                    _readers.Add(session);
                else
                    session.Dispose();
            }
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, committing: false);
        }
        finally
        {
            _reading.Release();
        }
    }

    public Task<WriteOutcome> WriteAsync(Write write, CancellationToken cancellationToken) =>
        TransactAsync(
            session =>
            {
                if (write.Rule != GateRule.None && session.Read(GateStatement(write), r => r.GetInt64(0)).Count == 0)
                    return (WriteOutcome.GateShut, false);
                try
                {
                    if (session.Execute(write.Statement) == 0)
                        return (WriteOutcome.Stale, false);
                }
                catch (SqliteException e) when (e.SqliteExtendedErrorCode is Unique or PrimaryKey)
                {
                    return (WriteOutcome.Stale, false);
                }

                foreach (var draft in write.Drafts)
                    session.Execute(Outbox.Insert(_entryWriter.Write(draft)));
                return (WriteOutcome.Written, true);
            },
            cancellationToken
        );

    public Task<int[]> BatchAsync(IReadOnlyList<Step> steps, CancellationToken cancellationToken) =>
        TransactAsync(
            session =>
            {
                var rows = new int[steps.Count];
                for (var i = 0; i < rows.Length; i++)
                    rows[i] = session.Execute(steps[i].Statement, steps[i].OnRow);
                return (rows, true);
            },
            cancellationToken
        );

    /// <summary>Runs the work in an immediate transaction, and commits or rolls back as the work requests.</summary>
    public Task<T> TransactAsync<T>(
        Func<SqliteSession, (T Result, bool Commit)> work,
        CancellationToken cancellationToken
    ) => _writer.RunAsync(work, cancellationToken);

    public async Task<DateTimeOffset?> PingAsync(CancellationToken cancellationToken)
    {
        var version = new Statement("select max(version) from schema_version");
        await ReadAsync(Scope.None, version, r => r.GetInt64(0), cancellationToken);
        return null;
    }

    /// <summary>
    /// Moves the write-ahead log into the file and truncates it, so that the log keeps no overwritten secrets.
    /// </summary>
    public Task ForgetAsync(CancellationToken cancellationToken) =>
        _writer.RunAloneAsync(
            session =>
            {
                session.Run("pragma wal_checkpoint(truncate)");
                return true;
            },
            cancellationToken
        );

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < Readers; i++)
            await _reading.WaitAsync();
        if (!_closed)
        {
            _closed = true;
            _writer.Dispose();
            while (_readers.TryTake(out var reader))
                reader.Dispose();
        }

        _reading.Release(Readers);
    }

    // Creates the file before SQLite opens it, so that only its owner can read it from the first byte; the -wal and
    // -shm files inherit the mode. An existing file is not opened here: closing a second descriptor of a file releases
    // every POSIX lock of this process on it, including SQLite's.
    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows() || File.Exists(path))
            return;
        try
        {
            new FileStream(
                path,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            ).Dispose();
        }
        catch (IOException) when (File.Exists(path)) { }
    }

    private const int Unique = 2067;
    private const int PrimaryKey = 1555;

    private static Statement GateStatement(Write write) =>
        write.Rule == GateRule.OpenAt
            ? new Statement(
                "select 1 from organizations where id = @organization and gate_open and gate_epoch = @epoch"
            )
                .Text("organization", write.Organization.Value)
                .Integer("epoch", write.Epoch)
            : new Statement("select 1 from organizations where id = @organization").Text(
                "organization",
                write.Organization.Value
            );
}
