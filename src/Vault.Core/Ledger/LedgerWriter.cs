using System.Threading.Channels;
using Vault.Core.Errors;

namespace Vault.Core.Ledger;

/// <summary>
/// The only writer of this process. Callers queue entries and are released when the entries are durable. One loop takes
/// everything that was queued during the last transaction into the next one (group commit), for all organizations.
/// Several hosts may write to one store: compare-and-swap on the stored head decides.
/// <para>A crash at any line is safe: an entry that was not completed is in the chain or not, never half. No caller is
/// released before the transaction has committed. Drafts that must not be lost with the process are in the outbox,
/// written in the transaction of the change they record.</para>
/// </summary>
public sealed class LedgerWriter : ILedger, IAsyncDisposable
{
    private const int OutboxPage = 500;
    private const int GatherTurns = 4;

    private readonly ILedgerStore _store;
    private readonly LedgerEntryWriter _entryWriter;
    private readonly TimeProvider _time;
    private readonly LedgerWriterOptions _options;
    private readonly LedgerCommitter _committer;

    // The loop continues on the thread that queued the entry, up to the store: an idle writer needs no other thread.
    // Safe because a caller holds no lock while it appends, and waiting callers are always completed on threads of
    // their own, so there is no reentrancy.
    private readonly Channel<WaitingEntry> _queue = Channel.CreateUnbounded<WaitingEntry>(
        new() { SingleReader = true, AllowSynchronousContinuations = true }
    );
    private readonly SemaphoreSlim _oneDrain = new(1, 1);
    private readonly Task _loop;
    private int _waiting;

    public LedgerWriter(
        ILedgerStore store,
        LedgerEntryWriter entryWriter,
        TimeProvider time,
        LedgerWriterOptions? options = null,
        Action<LedgerRound>? onRound = null
    )
    {
        (_store, _entryWriter, _time, _options) = (store, entryWriter, time, options ?? new());
        if (string.Join(' ', _options.Faults()) is { Length: > 0 } faults)
            throw new ArgumentException(faults, nameof(options));
        _committer = new LedgerCommitter(store, time, _options, onRound);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Entries that are queued and not completed.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>
    /// Null when the entry is durable. <c>ledger_unavailable</c> when it could not be made durable in time: then it may
    /// still appear (the reply to its transaction was lost), and the caller must not act (law 7). Cancellation ends the
    /// waiting, not the entry.
    /// </summary>
    public async ValueTask<VaultError?> AppendAsync(LedgerDraft draft, CancellationToken cancellationToken)
    {
        var waiting = new WaitingEntry(_entryWriter.Write(draft), false, _time.GetTimestamp());
        return Enqueue(waiting) is { } refused
            ? refused
            : await waiting.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Moves the rows of the outbox into the chains, oldest first, each exactly once: a row leaves the outbox in the
    /// transaction that appends it. Call it on start and then periodically. Calls in one process wait for each other;
    /// other hosts may drain at the same time.
    /// </summary>
    public async Task<OutboxDrain> DrainOutboxAsync(CancellationToken cancellationToken)
    {
        await _oneDrain.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var moved = 0;
            while (true)
            {
                var page = await ReadOutboxAsync(cancellationToken).ConfigureAwait(false);
                if (page is null)
                    return new(moved, LedgerCommitter.Unavailable("The outbox cannot be read."));
                if (page.Count == 0)
                    return new(moved, null);
                var entries = page.Select(p => new WaitingEntry(p, true, _time.GetTimestamp())).ToList();
                VaultError? error = null;
                foreach (var entry in entries)
                    if (Enqueue(entry) is { } refused)
                        entry.Fail(refused);
                foreach (var entry in entries)
                    error = await entry.Task.WaitAsync(cancellationToken).ConfigureAwait(false) ?? error;
                var done = entries.Count(e => e.Task.Result is null && !e.Gone);
                moved += done;

                // Nothing was moved: another host drains, or the store refuses. The next call continues; this one does
                // not loop.
                if (error is not null || done == 0)
                    return new(moved, error);
            }
        }
        finally
        {
            _oneDrain.Release();
        }
    }

    /// <summary>Accepts no more entries, writes those that wait (bounded by their timeouts), then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<PendingEntry>?> ReadOutboxAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _store
                .ReadOutboxAsync(OutboxPage, cancellationToken)
                .AsTask()
                .WaitAsync(_options.AttemptTimeout, _time, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private VaultError? Enqueue(WaitingEntry entry)
    {
        if (Interlocked.Increment(ref _waiting) > _options.Capacity)
        {
            Interlocked.Decrement(ref _waiting);
            return LedgerCommitter.Unavailable("Too many entries are waiting.");
        }

        if (_queue.Writer.TryWrite(entry))
            return null;
        Interlocked.Decrement(ref _waiting);
        return LedgerCommitter.Unavailable("The host is shutting down.");
    }

    private async Task LoopAsync()
    {
        // In the order of arrival. An entry leaves the list only when its caller has a result, so a retry never lets a
        // later entry of its chain overtake it.
        var pending = new List<WaitingEntry>();
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            do
            {
                await GatherAsync(pending).ConfigureAwait(false);
                await _committer.RoundAsync(pending).ConfigureAwait(false);
                Interlocked.Add(ref _waiting, -pending.RemoveAll(static e => e.Done));
            } while (pending.Count > 0);
        }
    }

    /// <summary>
    /// Takes what is queued, then lets callers that are ready to run queue theirs, as long as that brings entries: a
    /// commit costs more than its entries. It waits for no one and for no time.
    /// </summary>
    private async ValueTask GatherAsync(List<WaitingEntry> pending)
    {
        for (var turn = 0; ; turn++)
        {
            var before = pending.Count;
            while (_queue.Reader.TryRead(out var entry))
                pending.Add(entry);
            if (turn == GatherTurns || pending.Count == before)
                return;
            // To the thread pool, not to the scheduler of the caller that queued the entry.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
    }
}
