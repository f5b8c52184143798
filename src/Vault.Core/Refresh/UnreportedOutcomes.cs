using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// Writes the outcome of an attempt to its row, and keeps what the store could not take: token responses in memory and
/// in the spool (law 4), every other outcome in memory. It is written at the account's next attempt on this host or by
/// the next drain. A late write is safe: each event names its attempt, and the lifecycle drops the event of an attempt
/// that no longer counts.
/// </summary>
internal sealed class UnreportedOutcomes(
    AccountRunner runner,
    GrantSealing sealing,
    IReplySpool spool,
    IAccountObserver observer
)
{
    private readonly ConcurrentDictionary<AccountKey, Func<AccountEvent>> _events = new();
    private readonly ConcurrentDictionary<AccountKey, SpooledReply> _replies = new();

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
    /// Commits a sealed token response, and keeps it if that fails. The commit may have succeeded all the same: the
    /// copies that are kept are then out of date, and the next drain removes them. The copy in memory serves where the
    /// disk refuses.
    /// </summary>
    public async Task<Result<AccountStep>> CommitAsync(
        SealingKey key,
        SpooledReply reply,
        ImmutableSortedDictionary<string, string> parameters,
        AccountSnapshot seen,
        OpenGrant? opened
    )
    {
        try
        {
            return await WriteAsync(reply, parameters, seen, opened).ConfigureAwait(false);
        }
        catch
        {
            _replies[reply.Key] = reply;
            reply = _replies[reply.Key] = sealing.Prove(key, reply);
            observer.ReplySpooled(await spool.PutAsync(reply, CancellationToken.None).ConfigureAwait(false));
            throw;
        }
    }

    /// <summary>
    /// Writes what is kept for the account. Call it before an attempt: the store must not treat as lost what this host
    /// knows.
    /// </summary>
    public async Task ReportKeptAsync(AccountKey key)
    {
        if (_replies.TryGetValue(key, out var reply))
            await CommitKeptAsync(reply).ConfigureAwait(false);
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
        var spooled = await spool.ListAsync(1_000, cancellationToken).ConfigureAwait(false);
        // The copy in memory first: nothing but this process can have changed it.
        foreach (var reply in _replies.Values.Concat(spooled).DistinctBy(r => (r.Key, r.AttemptId)))
            if (await CommitKeptAsync(reply).ConfigureAwait(false))
                committed++;
        foreach (var key in _events.Keys)
            await ReportKeptAsync(key).ConfigureAwait(false);
        return committed;
    }

    // The copies are removed only after the store has decided on the write. A process that can write the folder but has
    // no key can only remove a reply. Of a file without proof only the sealed tokens count: the account keeps its scopes,
    // and the lifetime of the access token is not known, so the API's 401 causes the next refresh.
    private async Task<bool> CommitKeptAsync(SpooledReply reply)
    {
        var isOwn = _replies.TryGetValue(reply.Key, out var own) && ReferenceEquals(own, reply);
        var proven = isOwn || await sealing.IsProvenAsync(reply, CancellationToken.None).ConfigureAwait(false);
        var step = await WriteAsync(proven ? reply : TokensOnly(reply)).ConfigureAwait(false);
        _replies.TryRemove(new KeyValuePair<AccountKey, SpooledReply>(reply.Key, reply));
        await spool.RemoveAsync(reply.Key, reply.AttemptId, CancellationToken.None).ConfigureAwait(false);
        return step.TryGet(out var done, out _) && done.Decision.Outcome == AccountOutcome.Changed;
    }

    private SpooledReply TokensOnly(SpooledReply reply) =>
        reply with
        {
            Scopes = null,
            Facts = new GrantFacts(runner.Now, null, reply.Facts.HasRefreshToken, null, runner.Now),
        };

    private Task<Result<AccountStep>> WriteAsync(
        SpooledReply reply,
        ImmutableSortedDictionary<string, string>? parameters = null,
        AccountSnapshot? seen = null,
        OpenGrant? opened = null
    )
    {
        ImmutableArray<string>? scopes = reply.Scopes is null ? null : [.. reply.Scopes];
        return runner.ApplyAsync(
            reply.Key,
            _ => new AccountEvent.RefreshSucceeded(
                runner.Now,
                reply.AttemptId,
                reply.Generation - 1,
                reply.Facts,
                scopes,
                parameters
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
