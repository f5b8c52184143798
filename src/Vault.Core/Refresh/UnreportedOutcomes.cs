using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// Writes the outcome of an attempt to its row, and keeps what the store could not take. A token response is durable in
/// the spool before the store is asked (law 4); every other outcome is kept in memory. It is written at the account's
/// next attempt on this host or by the next drain. A late write is safe: each event names its attempt, and the
/// lifecycle
/// drops the event of an attempt that no longer counts.
/// </summary>
internal sealed class UnreportedOutcomes(
    AccountRunner runner,
    GrantSealing sealing,
    IReplySpool spool,
    SettledHolders settled,
    IAccountObserver observer
)
{
    // As many as a spool takes.
    private const int MaxDrained = 10_000;

    private readonly Lock _oneOpening = new();
    private Task? _opening;
    private volatile bool _looked;

    private readonly ConcurrentDictionary<AccountKey, Func<AccountEvent>> _events = new();
    private readonly ConcurrentDictionary<AccountKey, (SpooledReply Reply, ReplyDetails Details)> _replies = new();

    // Responses whose commit is under way here: a drain leaves them to it.
    private readonly ConcurrentDictionary<(AccountKey, string), byte> _committing = new();

    /// <summary>Writes the outcome, and keeps it if the store cannot take it.</summary>
    /// <param name="outcome">Makes the event when it is written, so that it carries the time of the write.</param>
    public async Task<Result<AccountStep>> ReportAsync(AccountKey key, Func<AccountEvent> outcome)
    {
        try
        {
            return await runner.ApplyAsync(key, _ => outcome(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            _events[key] = outcome;
            throw;
        }
    }

    /// <summary>Returns the lease of an attempt that sent nothing; no attempt becomes in doubt.</summary>
    public Task<Result<AccountStep>> ReportNotSentAsync(AccountKey key, string attemptId, string failure) =>
        ReportAsync(key, () => NotSent(attemptId, failure));

    /// <summary>
    /// Keeps for later that the attempt sent nothing. Without it an intent that the store may hold would lapse into an
    /// in-doubt attempt, and with it the grant of a provider that revokes the whole family.
    /// </summary>
    public void KeepNotSent(AccountKey key, string attemptId) =>
        _events[key] = () => NotSent(attemptId, "store_unavailable");

    /// <summary>
    /// Makes a sealed token response durable in the spool, commits it, and removes it from the spool. If the commit
    /// fails the response stays there, and in memory, where it serves if the disk has refused it. The commit may have
    /// succeeded all the same: the copies are then out of date, and the next drain removes them.
    /// </summary>
    public async Task<Result<AccountStep>> CommitAsync(
        SpooledReply reply,
        ReplyDetails details,
        AccountSnapshot seen,
        OpenGrant? opened
    )
    {
        Result<AccountStep> step;
        _committing[(reply.Key, reply.AttemptId)] = 0;
        try
        {
            var durable = await spool.PutAsync(reply, CancellationToken.None).ConfigureAwait(false);
            try
            {
                step = await WriteAsync(reply, details, seen, opened).ConfigureAwait(false);
            }
            catch
            {
                _replies[reply.Key] = (reply, details);
                observer.ReplySpooled(durable);
                throw;
            }
        }
        finally
        {
            _committing.TryRemove((reply.Key, reply.AttemptId), out _);
        }

        await spool.RemoveAsync(reply.Key, reply.AttemptId, CancellationToken.None).ConfigureAwait(false);
        return step;
    }

    /// <summary>
    /// Drains the spool once. Call it before the first attempt: a former process on this folder may have left the
    /// response of the very attempt whose lease is taken over.
    /// </summary>
    public Task OpenAsync()
    {
        if (_looked)
            return Task.CompletedTask;
        lock (_oneOpening)
        {
            if (_opening is null or { IsCompleted: true })
                _opening = DrainAsync(CancellationToken.None);
            return _opening;
        }
    }

    /// <summary>
    /// Writes what is kept for the account. Call it before an attempt: the store must not treat as lost what this host
    /// knows.
    /// </summary>
    public async Task ReportKeptAsync(AccountKey key)
    {
        if (_replies.TryGetValue(key, out var kept))
            await CommitKeptAsync(kept.Reply, kept.Details).ConfigureAwait(false);
        if (_events.TryRemove(key, out var outcome))
            await ReportAsync(key, outcome).ConfigureAwait(false);
    }

    /// <summary>
    /// Writes everything that is kept, also for accounts that no caller asks for any more. Returns the number of token
    /// responses that were committed.
    /// </summary>
    public async Task<int> DrainAsync(CancellationToken cancellationToken)
    {
        var committed = 0;
        // The copies in memory first: nothing but this process can have changed them.
        foreach (var (reply, details) in _replies.Values)
            if (await CommitKeptAsync(reply, details).ConfigureAwait(false))
                committed++;
        var waiting = 0;
        foreach (var reply in await spool.ListAsync(MaxDrained, cancellationToken).ConfigureAwait(false))
        {
            if (_committing.ContainsKey((reply.Key, reply.AttemptId)))
                continue;
            if (await CommitSpooledAsync(reply).ConfigureAwait(false) is not { } changed)
                waiting++;
            else if (changed)
                committed++;
        }

        // Nothing of an earlier process on this host's folder is left: what it knew is in the store.
        if (waiting == 0)
            await settled.AnnounceAsync().ConfigureAwait(false);
        _looked = true;
        foreach (var key in _events.Keys)
            await ReportKeptAsync(key).ConfigureAwait(false);
        return committed;
    }

    // A process that can write the folder but has no key can only remove a reply. Where the details are missing or do
    // not open, only the sealed tokens count: the account keeps its scopes, and the lifetime of the access token is not
    // known, so the API's 401 causes the next refresh.
    private async Task<bool?> CommitSpooledAsync(SpooledReply reply)
    {
        var opened = await sealing.OpenDetailsAsync(reply, CancellationToken.None).ConfigureAwait(false);

        // The key service does not respond: without the details the reply would lose its scopes and lifetimes, so it
        // waits for the next drain. The keys of an erased organization do not come back.
        if (opened.Error is { } error && error.Code == ErrorCatalogue.KeysUnavailable)
            return null;
        var details = opened.IsOk ? opened.Value : null;
        return await CommitKeptAsync(reply, details ?? TokensOnly()).ConfigureAwait(false);
    }

    // The copies are removed only after the store has decided on the write.
    private async Task<bool> CommitKeptAsync(SpooledReply reply, ReplyDetails details)
    {
        var step = await WriteAsync(reply, details).ConfigureAwait(false);
        if (_replies.TryGetValue(reply.Key, out var kept) && kept.Reply.AttemptId == reply.AttemptId)
            _replies.TryRemove(new KeyValuePair<AccountKey, (SpooledReply, ReplyDetails)>(reply.Key, kept));
        await spool.RemoveAsync(reply.Key, reply.AttemptId, CancellationToken.None).ConfigureAwait(false);
        return step.TryGet(out var done, out _) && done.Decision.Outcome == AccountOutcome.Changed;
    }

    // Only a grant that can be refreshed is refreshed, and a response without a refresh token keeps the presented one.
    private ReplyDetails TokensOnly() =>
        new(
            new GrantFacts(runner.Now, null, HasRefreshToken: true, null, runner.Now),
            null,
            ImmutableSortedDictionary<string, string>.Empty
        );

    private Task<Result<AccountStep>> WriteAsync(
        SpooledReply reply,
        ReplyDetails details,
        AccountSnapshot? seen = null,
        OpenGrant? opened = null
    )
    {
        ImmutableArray<string>? scopes = details.Scopes is null ? null : [.. details.Scopes];
        return runner.ApplyAsync(
            reply.Key,
            _ => new AccountEvent.RefreshSucceeded(
                runner.Now,
                reply.AttemptId,
                reply.Generation - 1,
                details.Facts,
                scopes,
                details.Parameters
            ),
            CancellationToken.None,
            grant: reply.Grant,
            seen: seen,
            opened: opened
        );
    }

    private AccountEvent.RefreshNotActed NotSent(string attemptId, string failure) =>
        new(runner.Now, attemptId, failure, TimeSpan.Zero, 0);
}
