using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Vault.Core.Errors;

namespace Vault.Storage.Sqlite;

/// <summary>
/// The only writer, on its own thread. It takes all queued jobs, runs each in a savepoint of one transaction, and
/// commits once. So many writers share one disk sync, and no pool thread waits for the disk. No job completes before
/// the commit: its result may depend on an earlier job of the same transaction, and if the commit fails, all of them
/// fail.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    // Limits how long the first job of a group waits for the last.
    private const int MaxPerTransaction = 256;

    private readonly BlockingCollection<IJob> _jobs = [];
    private readonly SqliteSession _session;
    private readonly Thread _thread;

    public SqliteWriter(SqliteSession session)
    {
        _session = session;
        _thread = new Thread(Loop) { IsBackground = true, Name = "sqlite-writer" };
        _thread.Start();
    }

    /// <summary>
    /// Runs the work in a transaction, and commits or rolls back as the work requests. Cancellation has an effect only
    /// while the work is queued.
    /// </summary>
    public Task<T> RunAsync<T>(
        Func<SqliteSession, (T Result, bool Commit)> work,
        CancellationToken cancellationToken
    ) => EnqueueAsync(new Job<T>(work, alone: false), cancellationToken);

    /// <summary>Runs the work outside a transaction.</summary>
    public Task<T> RunAloneAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) =>
        EnqueueAsync(new Job<T>(s => (work(s), true), alone: true), cancellationToken);

    public void Dispose()
    {
        _jobs.CompleteAdding();
        _thread.Join();
        _session.Dispose();
        _jobs.Dispose();
    }

    private async Task<T> EnqueueAsync<T>(Job<T> job, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            _jobs.Add(job, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(SqliteDatabase));
        }

        using (cancellationToken.UnsafeRegister(static (job, token) => ((IJob)job!).Cancel(token), job))
            return await job.Done.ConfigureAwait(false);
    }

    private void Loop()
    {
        var group = new List<IJob>();
        foreach (var first in _jobs.GetConsumingEnumerable())
        {
            IJob? next = first;
            while (next is not null)
            {
                group.Clear();
                IJob? alone = null;
                do
                {
                    if (!next.Begin())
                        continue;
                    if (next.Alone)
                        alone = next;
                    else
                        group.Add(next);
                } while (alone is null && group.Count < MaxPerTransaction && _jobs.TryTake(out next));

                if (group.Count > 0)
                    Transact(group);
                if (alone is not null)
                    RunAlone(alone);
                next = _jobs.TryTake(out var more) ? more : null;
            }
        }
    }

    private void RunAlone(IJob job)
    {
        try
        {
            job.Run(_session);
            job.Complete();
        }
        catch (SqliteException e)
        {
            job.Fail(SqliteErrors.Translate(e, committing: false));
        }
#pragma warning disable CA1031 // The caller gets the exception; the thread must continue for other callers.
        catch (Exception e)
        {
            job.Fail(e);
        }
#pragma warning restore CA1031
    }

    private void Transact(List<IJob> group)
    {
        var committing = false;
        try
        {
            // Take the write lock before the first read: the rows that a guard reads cannot change before the commit,
            // not even by another process.
            _session.Control("begin immediate");
            foreach (var job in group)
                RunInside(job);
            committing = true;
            _session.Control("commit");
            foreach (var job in group)
                job.Complete();
        }
        catch (SqliteException e)
        {
            TryRollback();
            foreach (var job in group)
                job.Fail(SqliteErrors.Translate(e, committing && job.Commits));
        }
#pragma warning disable CA1031 // The thread serves all writers, so no exception may end it.
        catch (Exception e)
        {
            TryRollback();
            foreach (var job in group)
                job.Fail(e);
        }
#pragma warning restore CA1031
    }

    private void RunInside(IJob job)
    {
        _session.Control("savepoint work");
        try
        {
            job.Run(_session);
        }
        catch (SqliteException) when (_session.TransactionEnded)
        {
            // A full disk or an I/O error has rolled back the transaction, including the other jobs of the group.
            throw;
        }
#pragma warning disable CA1031 // Only this job fails; the rest of the group continues.
        catch (Exception e)
        {
            job.Fail(e is SqliteException s ? SqliteErrors.Translate(s, committing: false) : e);
        }
#pragma warning restore CA1031

        _session.Control(job.Commits ? "release work" : "rollback to work");
        if (!job.Commits)
            _session.Control("release work");
    }

    // Some errors end the transaction; then there is nothing to roll back.
    private void TryRollback()
    {
        try
        {
            if (!_session.TransactionEnded)
                _session.Control("rollback");
        }
        catch (SqliteException) { }
    }

    private interface IJob
    {
        bool Alone { get; }

        /// <summary>Whether the work ran and requested a commit.</summary>
        bool Commits { get; }

        /// <summary>False when the caller has cancelled.</summary>
        bool Begin();

        void Run(SqliteSession session);

        void Complete();

        void Fail(Exception error);

        void Cancel(CancellationToken token);
    }

    private sealed class Job<T>(Func<SqliteSession, (T Result, bool Commit)> work, bool alone) : IJob
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private int _state;

        public Task<T> Done => _done.Task;

        public bool Alone => alone;

        public bool Commits { get; private set; }

        // Begin and Cancel exclude each other: running work is never cancelled, and cancelled work never runs.
        public bool Begin() => Interlocked.CompareExchange(ref _state, 1, 0) == 0;

        public void Cancel(CancellationToken token)
        {
            if (Interlocked.CompareExchange(ref _state, 2, 0) == 0)
                _done.TrySetCanceled(token);
        }

        public void Run(SqliteSession session) => (_result, Commits) = work(session);

        public void Complete() => _done.TrySetResult(_result!);

        public void Fail(Exception error)
        {
            Commits = false;
            _done.TrySetException(error);
        }
    }
}

/// <summary>Classifies the errors of SQLite.</summary>
internal static class SqliteErrors
{
    // A violated constraint is a bug of this program; every other error is a failure of the file or its lock. Only a
    // failed commit is in doubt: its record may have reached the disk before the error.
    public static Exception Translate(SqliteException e, bool committing) =>
        e.SqliteErrorCode is 19 or 1 or 20 or 25
            ? new InvalidOperationException($"SQLite refused a statement (error {e.SqliteExtendedErrorCode}).", e)
            : new StoreUnavailableException(
                $"SQLite cannot serve (error {e.SqliteExtendedErrorCode}).",
                committing && e.SqliteErrorCode is not (raw.SQLITE_BUSY or raw.SQLITE_LOCKED),
                e
            );
}
