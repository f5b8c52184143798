using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Refresh;

/// <summary>The result of one pass over the due index.</summary>
/// <param name="Begun">The accounts whose work it began.</param>
/// <param name="More">Whether more may be due; false when the shards were swept to their end.</param>
public sealed record SweepRound(IReadOnlyList<AccountKey> Begun, bool More);

/// <summary>
/// Takes up what is due: proactive refreshes, keep-alives, lapsed leases, pending revocations, expired credentials.
/// Several hosts may sweep one index at once: the intent in the row lets only one of them refresh. The parallelism is
/// limited per provider, so that a slow provider does not delay the others.
/// </summary>
public sealed class DueSweep(
    IAccountStore store,
    AccountRunner runner,
    AccountRefresher refresher,
    AccountRevoker revoker,
    PresentAgainGate gate,
    IPacks packs,
    TimeProvider time,
    IAccountObserver observer
)
{
    // A pass that leaves out the providers at their limit scans all their due accounts, which may be many. If it finds
    // nothing to begin, it is not repeated for this long while they stay at their limit.
    private static readonly TimeSpan LookPast = TimeSpan.FromSeconds(1);

    // The delay until an account whose work could not begin is due again: shorter than any grace window.
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Spread = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<AccountKey, Task> _underway = new();
    private readonly ConcurrentDictionary<string, int> _perProvider = new();
    private TaskCompletionSource _room = NewRoom();
    private (string[] Full, long At)? _nothingPast;
    private double _share = 1;

    /// <summary>The work in progress; a graceful shutdown waits for it.</summary>
    public IReadOnlyCollection<Task> Underway => [.. _underway.Values];

    /// <summary>
    /// Completes when the work on any account ends. Read it before <see cref="SweepAsync"/>, so that an end during the
    /// sweep is not missed.
    /// </summary>
    public Task Room => Volatile.Read(ref _room).Task;

    /// <summary>
    /// Begins what is due in this host's shards, up to the providers' parallelism. A host that owns a part of the
    /// shards uses that part of a provider's parallelism (at least one refresh), so all hosts together keep to it.
    /// </summary>
    public async Task<SweepRound> SweepAsync(
        IReadOnlyCollection<int> mine,
        int shards,
        int limit,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(mine);
        if (mine.Count == 0)
            return new([], false);
        _share = mine.Count / (double)shards;
        int Most(string provider) =>
            Math.Max(
                1,
                (int)((packs.TryGet(provider, out var pack) ? (long)pack.Refresh.Parallelism : 1) * mine.Count / shards)
            );

        // Providers at their limit are left out; otherwise their accounts would fill the batch and delay the others.
        // The index still lists the accounts in progress.
        var full = _perProvider.Where(p => p.Value >= Most(p.Key)).Select(p => p.Key).ToArray();
        if (
            full.Length > 0
            && _nothingPast is { } nothing
            && nothing.Full.All(full.Contains)
            && time.GetElapsedTime(nothing.At) < LookPast
        )
            return new([], true);
        var take = limit + _underway.Count;
        var due = await store
            .FindDueAsync(time.GetUtcNow(), mine, shards, take, full, cancellationToken)
            .ConfigureAwait(false);
        var begun = new List<AccountKey>();
        var held = full.Length > 0;
        foreach (var account in due)
        {
            if (begun.Count == limit)
                break;
            if (_underway.ContainsKey(account.Key))
                continue;
            if (!Enter(account.Provider, Most(account.Provider)))
            {
                held = true;
                continue;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_underway.TryAdd(account.Key, done.Task))
            {
                Leave(account.Provider);
                continue;
            }

            begun.Add(account.Key);
            _ = RunAsync(account, done);
        }

        if (full.Length > 0)
            _nothingPast = begun.Count == 0 ? (full, time.GetTimestamp()) : null;
        return new(begun, held || due.Count == take);
    }

    private async Task RunAsync(DueAccount account, TaskCompletionSource done)
    {
        try
        {
            var handled = false;
            try
            {
                handled = await HandleAsync(account).ConfigureAwait(false);
            }
            finally
            {
                if (!handled)
                    await PostponeAsync(account.Key, time.GetUtcNow() + Later).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // An error of one account must not end the sweep; the account is due again later.
        catch (Exception e)
        {
            observer.Failed("due_sweep", account.Key, e);
        }
#pragma warning restore CA1031
        finally
        {
            Leave(account.Provider);
            _underway.TryRemove(account.Key, out _);
            done.SetResult();
            Interlocked.Exchange(ref _room, NewRoom()).SetResult();
        }
    }

    /// <summary>False when the row may be unchanged and still due.</summary>
    private async Task<bool> HandleAsync(DueAccount account)
    {
        var snapshot = await store.FindAsync(account.Key, CancellationToken.None).ConfigureAwait(false);
        if (snapshot is null || !snapshot.Gate.Open)
            return true;
        if (snapshot.Row.State.Revocation == UpstreamRevocation.Pending)
        {
            await revoker.FinishUpstreamAsync(snapshot, CancellationToken.None).ConfigureAwait(false);
            return true;
        }

        if (snapshot.Row.State is { Status: AccountStatus.Active, Grant.HasRefreshToken: true })
        {
            var admitted = await gate.AdmitAsync(snapshot, _share).ConfigureAwait(false);
            if (admitted.Wait is { } until)
            {
                await PostponeAsync(account.Key, until).ConfigureAwait(false);
                return true;
            }

            var refreshed = await refresher
                .RefreshAsync(
                    account.Key,
                    snapshot.Row.State.Generation,
                    admitted.PresentsAgain ? RefreshReason.PresentAgain : RefreshReason.Scheduled,
                    CancellationToken.None
                )
                .ConfigureAwait(false);
            if (admitted.PresentsAgain)
                await gate.FinishAsync(snapshot, refreshed).ConfigureAwait(false);

            // One that waits for the end of a provider's incident is due again when its turn may come.
            if (HoldOf(refreshed) is { } hold)
            {
                await PostponeAsync(account.Key, runner.Now + hold + (Spread * runner.Jitter())).ConfigureAwait(false);
                return true;
            }

            return refreshed.IsOk;
        }

        await runner
            .ApplyAsync(account.Key, _ => new AccountEvent.TimePassed(runner.Now), CancellationToken.None)
            .ConfigureAwait(false);
        return true;
    }

    /// <summary>
    /// An account whose work could not begin (its pack is not loaded, its client secret does not open, the key service
    /// is unavailable) has an unchanged row, and every pass would find it first. A batch of such accounts would block
    /// all others for ever.
    /// </summary>
    private async Task PostponeAsync(AccountKey key, DateTimeOffset until)
    {
        var now = time.GetUtcNow();
        if (
            await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false)
                is not { Row: { DueAt: { } due } row }
            || due > now
        )
            return;
        // A lost race means that another writer has set a new due time.
        await runner
            .WriteAsync(
                row with
                {
                    Version = row.Version + 1,
                    DueAt = until,
                    UpdatedAt = now,
                },
                GateCheck.None,
                [],
                CancellationToken.None
            )
            .ConfigureAwait(false);
    }

    private static TimeSpan? HoldOf(Result<RefreshResult> refreshed) =>
        refreshed.TryGet(out var done, out var error) ? done.Wait
        : error.StatusReason == ProviderIncidents.Failure ? error.RetryAfter
        : null;

    private static TaskCompletionSource NewRoom() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool Enter(string provider, int most)
    {
        while (true)
        {
            var now = _perProvider.GetOrAdd(provider, 0);
            if (now >= most)
                return false;
            if (_perProvider.TryUpdate(provider, now + 1, now))
                return true;
        }
    }

    private void Leave(string provider) => _perProvider.AddOrUpdate(provider, 0, static (_, now) => now - 1);
}
