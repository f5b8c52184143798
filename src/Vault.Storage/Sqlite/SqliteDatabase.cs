using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Storage.Sql;

namespace Vault.Storage.Sqlite;

/// <summary>
/// One file, one writer, a few readers. Every write is <c>begin immediate … commit</c> on the only writing connection: the write lock is taken before anything
/// is read, so what a guard saw (version, gate) is still so when the change commits, also against a second process on the same file.
/// </summary>
internal sealed class SqliteDatabase : IDatabase
{
    private const int Readers = 4;

    private readonly string _path;
    private readonly LedgerScribe _scribe;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SemaphoreSlim _reading = new(Readers, Readers);
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly SqliteSession _writer;
    private bool _closed;

    private SqliteDatabase(string path, SqliteSession writer, LedgerScribe scribe) => (_path, _writer, _scribe) = (path, writer, scribe);

    public bool IsPostgres => false;

    public static SqliteDatabase Open(string path, LedgerScribe scribe)
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

            return new SqliteDatabase(full, writer, scribe);
        }
        catch (SqliteException e)
        {
            throw Unavailable(e, committing: false);
        }
    }

    public async Task<List<T>> ReadAsync<T>(Scope scope, Statement statement, Func<DbDataReader, T> row, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (!_readers.TryTake(out var session)) session = SqliteSession.Open(_path, SqliteOpenMode.ReadWrite, writer: false);
            var healthy = false;
            try
            {
                var rows = session.Read(statement, row);
                healthy = true;
                return rows;
            }
            finally
            {
                if (healthy) _readers.Add(session);
                else session.Dispose();
            }
        }
        catch (SqliteException e)
        {
            throw Unavailable(e, committing: false);
        }
        finally
        {
            _reading.Release();
        }
    }

    public Task<WriteOutcome> WriteAsync(Write write, CancellationToken cancellationToken) => TransactAsync(session =>
    {
        if (write.Rule != GateRule.None && session.Read(GateStatement(write), r => r.GetInt64(0)).Count == 0) return (WriteOutcome.GateShut, false);
        try
        {
            if (session.Execute(write.Statement) == 0) return (WriteOutcome.Stale, false);
        }
        catch (SqliteException e) when (e.SqliteExtendedErrorCode is Unique or PrimaryKey)
        {
            return (WriteOutcome.Stale, false);
        }

        foreach (var draft in write.Drafts) session.Execute(Outbox.Insert(_scribe.Write(draft)));
        return (WriteOutcome.Written, true);
    }, cancellationToken);

    public Task<int[]> BatchAsync(IReadOnlyList<Step> steps, CancellationToken cancellationToken) => TransactAsync(session =>
    {
        var rows = new int[steps.Count];
        for (var i = 0; i < rows.Length; i++) rows[i] = session.Execute(steps[i].Statement, steps[i].OnRow);
        return (rows, true);
    }, cancellationToken);

    /// <summary>Runs the work inside one immediate transaction; commits where it says so, else rolls back.</summary>
    public async Task<T> TransactAsync<T>(Func<SqliteSession, (T Result, bool Commit)> work, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            var committing = false;
            try
            {
                _writer.Control("begin immediate");
                try
                {
                    var (result, commit) = work(_writer);
                    committing = commit;
                    _writer.Control(commit ? "commit" : "rollback");
                    return result;
                }
                catch
                {
                    TryRollback();
                    throw;
                }
            }
            catch (SqliteException e)
            {
                throw Unavailable(e, committing);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    public Task PingAsync(CancellationToken cancellationToken) => ReadAsync(Scope.None, new Statement("select max(version) from schema_version"), r => r.GetInt64(0), cancellationToken);

    /// <summary>Moves the log into the file and empties it, so that overwritten secrets do not live on in the log.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            _writer.Run("pragma wal_checkpoint(truncate)");
        }
        catch (SqliteException e)
        {
            throw Unavailable(e, committing: false);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync();
        for (var i = 0; i < Readers; i++) await _reading.WaitAsync();
        if (!_closed)
        {
            _closed = true;
            while (_readers.TryTake(out var reader)) reader.Dispose();
            _writer.Dispose();
        }

        _reading.Release(Readers);
        _writing.Release();
    }

    // Made before SQLite opens it, so that it is its owner's alone from the first byte; the files beside it inherit the mode. Never opened by us when it is
    // there: closing a second descriptor of a file drops every POSIX lock this process holds on it, SQLite's among them.
    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows() || File.Exists(path)) return;
        try
        {
            new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
        }
    }

    private const int Unique = 2067;
    private const int PrimaryKey = 1555;

    private static Statement GateStatement(Write write) => write.Rule == GateRule.OpenAt
        ? new Statement("select 1 from organizations where id = @organization and gate_open and gate_epoch = @epoch")
            .Text("organization", write.Organization.Value).Integer("epoch", write.Epoch)
        : new Statement("select 1 from organizations where id = @organization").Text("organization", write.Organization.Value);

    // Some errors end the transaction by themselves (a full disk, an I/O error); then there is nothing left to roll back.
    private void TryRollback()
    {
        try
        {
            _writer.Control("rollback");
        }
        catch (SqliteException)
        {
        }
    }

    // A constraint is a bug of ours, not a broken disk; everything else is the file or its lock. Only a failing commit leaves doubt:
    // the record of it may have reached the disk before the error did.
    private static Exception Unavailable(SqliteException e, bool committing) => e.SqliteErrorCode is 19 or 1 or 20 or 25
        ? new InvalidOperationException($"SQLite refused a statement (error {e.SqliteExtendedErrorCode}).", e)
        : new StoreUnavailableException($"SQLite cannot serve (error {e.SqliteExtendedErrorCode}).", committing && e.SqliteErrorCode is not (5 or 6), e);
}
