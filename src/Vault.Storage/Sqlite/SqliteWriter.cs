using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Vault.Core.Errors;

namespace Vault.Storage.Sqlite;

/// <summary>
/// The only writer, on a thread of its own: it takes everything that has queued up, runs each piece of work in a
/// savepoint of one transaction, and commits once. So a storm of writers shares one sync to disk, and no thread of the
/// pool ever waits for the disk. Nobody is answered before the commit: an answer may rest on what an earlier work of
/// the same transaction did, and if the commit fails, all of them fail together.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    // Bounds how long the first of a group waits for the last.
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
    /// Runs the work in a transaction; commits where it says so, else undoes what it did. Cancelling counts only while
    /// it waits.
    /// </summary>
    public Task<T> RunAsync<T>(
        Func<SqliteSession, (T Result, bool Commit)> work,
        CancellationToken cancellationToken
    ) => EnqueueAsync(new Job<T>(work, alone: false), cancellationToken);

    /// <summary>Runs the work outside of any transaction.</summary>
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
#pragma warning disable CA1031 // Whatever it was belongs to the caller; the thread serves the others.
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
            // The write lock is taken before anything is read: what a guard sees is still so at the commit, also
            // against another process on the file.
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
#pragma warning disable CA1031 // The thread serves every writer: nothing may end it.
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
            // A full disk or an I/O error has undone everything, also what the others of the group did.
            throw;
        }
#pragma warning disable CA1031 // It fails alone; the rest of the group goes on.
        catch (Exception e)
        {
            job.Fail(e is SqliteException s ? SqliteErrors.Translate(s, committing: false) : e);
        }
#pragma warning restore CA1031

        _session.Control(job.Commits ? "release work" : "rollback to work");
        if (!job.Commits)
            _session.Control("release work");
    }

    // Some errors end the transaction by themselves; then there is nothing left to roll back.
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

        /// <summary>The work ran and wants its changes kept.</summary>
        bool Commits { get; }

        /// <summary>False when the caller has given up waiting.</summary>
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

        // One of the two wins: begun work is never cancelled, cancelled work never begins.
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

/// <summary>What an error of SQLite means to callers.</summary>
internal static class SqliteErrors
{
    // A constraint is a bug of ours, not a broken disk; everything else is the file or its lock. Only a failing commit
    // leaves doubt: the record of it may have reached the disk before the error did.
    public static Exception Translate(SqliteException e, bool committing) =>
        e.SqliteErrorCode is 19 or 1 or 20 or 25
            ? new InvalidOperationException($"SQLite refused a statement (error {e.SqliteExtendedErrorCode}).", e)
            : new StoreUnavailableException(
                $"SQLite cannot serve (error {e.SqliteExtendedErrorCode}).",
                committing && e.SqliteErrorCode is not (raw.SQLITE_BUSY or raw.SQLITE_LOCKED),
                e
            );
}
