using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Refresh;

/// <summary>One look at the due index.</summary>
/// <param name="Begun">The accounts that it began.</param>
/// <param name="More">Whether more may be due; else the shards were swept to their end.</param>
public sealed record SweepRound(IReadOnlyList<AccountKey> Begun, bool More);

/// <summary>
/// Brings up what is due: proactive refreshes, keep-alives, lapsed leases, pending revocations, credentials that ran
/// out. Several hosts may sweep one index at once; the intent in the row lets one of them refresh. Bounded per
/// provider, so that a slow provider keeps nobody else waiting.
/// </summary>
public sealed class DueSweep(
    IAccountStore store,
    AccountRunner runner,
    AccountRefresher refresher,
    AccountRevoker revoker,
    IPacks packs,
    TimeProvider time,
    IAccountObserver observer
)
{
    // A look past the providers that are full walks over everything of theirs that is due, which may be very much. One
    // that found nothing to begin is not repeated for so long while they are full.
    private static readonly TimeSpan LookPast = TimeSpan.FromSeconds(1);

    // Until what could not even be begun is met again: shorter than any grace window.
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<AccountKey, Task> _underway = new();
    private readonly ConcurrentDictionary<string, int> _perProvider = new();
    private TaskCompletionSource _room = NewRoom();
    private (string[] Full, long At)? _nothingPast;

    /// <summary>What the sweep has begun and not finished; a graceful shutdown waits for it.</summary>
    public IReadOnlyCollection<Task> Underway => [.. _underway.Values];

    /// <summary>
    /// Done when the next account that is under way is. Take it before <see cref="SweepAsync"/>, so that none which
    /// ends meanwhile is missed.
    /// </summary>
    public Task Room => Volatile.Read(ref _room).Task;

    /// <summary>
    /// Begins what is due in its own of so many shards, as far as the providers' parallelism allows.
    /// Who owns a part of the shards takes that part of a provider's parallelism (at least one refresh), so that all
    /// together keep to it.
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
        int Most(string provider) =>
            Math.Max(
                1,
                (int)((packs.TryGet(provider, out var pack) ? (long)pack.Refresh.Parallelism : 1) * mine.Count / shards)
            );

        // Providers with no room are left out, else their accounts would fill the batch and keep the others waiting.
        // What is under way is still in the index.
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
            var tended = false;
            try
            {
                tended = await TendAsync(account).ConfigureAwait(false);
            }
            finally
            {
                if (!tended)
                    await PostponeAsync(account.Key).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // One account's trouble must not end the sweep; it is met again.
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

    /// <summary>False when it may stand there as before.</summary>
    private async Task<bool> TendAsync(DueAccount account)
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
            var refreshed = await refresher
                .RefreshAsync(
                    account.Key,
                    snapshot.Row.State.Generation,
                    RefreshReason.Scheduled,
                    CancellationToken.None
                )
                .ConfigureAwait(false);
            return refreshed.IsOk;
        }

        await runner
            .ApplyAsync(account.Key, _ => new AccountEvent.TimePassed(runner.Now), CancellationToken.None)
            .ConfigureAwait(false);
        return true;
    }

    /// <summary>
    /// What nobody could begin (a pack that is not loaded, a client secret that does not open, keys that are away) has
    /// written nothing and would be found first by every look; a batch of it, and all others would wait behind it for
    /// ever.
    /// </summary>
    private async Task PostponeAsync(AccountKey key)
    {
        var now = time.GetUtcNow();
        if (
            await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false)
                is not { Row: { DueAt: { } due } row }
            || due > now
        )
            return;
        // A lost race means that somebody has written it, and with it when it is due.
        await runner
            .WriteAsync(
                row with
                {
                    Version = row.Version + 1,
                    DueAt = now + Later,
                    UpdatedAt = now,
                },
                GateCheck.None,
                [],
                CancellationToken.None
            )
            .ConfigureAwait(false);
    }

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
