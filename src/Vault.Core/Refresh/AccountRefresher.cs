using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// Refreshes a grant exactly once, however many ask. In one process callers of one account share one attempt; between
/// processes the intent in the row decides. The steps and why a crash between any two of them is safe:
/// <list type="number">
/// <item>Take in hand all that a commit needs: sealing key, refresh token, client (law 4). Nothing has happened
/// yet.</item>
/// <item>Write the intent. A crash after it leaves a lease that lapses; whoever takes over knows that a call may have
/// been sent.</item>
/// <item>Look at the lease again, send. A process frozen in between finds its lease short and does not send.</item>
/// <item>Seal the reply, commit generation + 1. A store that cannot take it: the sealed reply goes to the spool and is
/// committed later.</item>
/// </list>
/// From the intent on no caller's cancellation counts: a token that the provider has issued is always kept.
/// </summary>
public sealed class AccountRefresher(
    IAccountStore store,
    AccountRunner runner,
    GrantSealing sealing,
    Keyring keyring,
    TokenClients clients,
    ITokenEndpoint endpoint,
    IReplySpool spool,
    IHostIdentity host,
    IdFactory ids,
    TimeProvider time,
    LifecycleOptions options,
    ICheckpoints checkpoints,
    IAccountObserver observer
)
{
    private readonly ConcurrentDictionary<AccountKey, Task<Result<RefreshResult>>> _underway = new();

    // What the store could not be told when it happened. It is told first thing at the account's next attempt here; the
    // attempt's id makes a stale word harmless.
    private readonly ConcurrentDictionary<AccountKey, Func<AccountEvent>> _unreported = new();
    private readonly ConcurrentDictionary<AccountKey, SpooledReply> _uncommitted = new();
    private readonly LeasesAhead _ahead = new(time, options);

    /// <summary>Refreshes under way in this process; a graceful shutdown waits for them.</summary>
    public IReadOnlyCollection<Task> Underway => [.. _underway.Values];

    /// <summary>
    /// Joins the attempt under way in this process, or makes one. <paramref name="cancellationToken"/> ends the
    /// caller's waiting only.
    /// </summary>
    public async Task<Result<RefreshResult>> RefreshAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    )
    {
        var poll = TimeSpan.FromMilliseconds(25);
        while (true)
        {
            var answer = await JoinAsync(key, seenGeneration, why, out var joined)
                .WaitAsync(cancellationToken)
                .ConfigureAwait(false);

            // An attempt that was under way before this complaint came may have found the token good; then it was not
            // about this complaint.
            if (
                joined
                && why is RefreshReason.Rejected or RefreshReason.Manual
                && answer.IsOk
                && !answer.Value.Refreshed
                && answer.Value.Generation <= (seenGeneration ?? answer.Value.Generation)
            )
                continue;
            if (
                answer.Error is not { } error
                || error.Code != ErrorCatalogue.RefreshInProgress
                || why == RefreshReason.Scheduled
            )
                return answer;

            // Another host holds the lease. Its commit shows in the row; until then we look again, at most until the
            // caller has no time left.
            await Task.Delay(poll, time, cancellationToken).ConfigureAwait(false);
            poll = TimeSpan.FromMilliseconds(Math.Min(250, poll.TotalMilliseconds * 2));
        }
    }

    private Task<Result<RefreshResult>> JoinAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        out bool joined
    )
    {
        while (true)
        {
            joined = _underway.TryGetValue(key, out var running);
            if (running is not null)
                return running;
            var mine = new TaskCompletionSource<Result<RefreshResult>>(
                TaskCreationOptions.RunContinuationsAsynchronously
            );
            if (!_underway.TryAdd(key, mine.Task))
                continue;
            _ = RunAsync(key, seenGeneration, why, mine);
            return mine.Task;
        }
    }

    private async Task RunAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        TaskCompletionSource<Result<RefreshResult>> mine
    )
    {
        try
        {
            var answer = await AttemptAsync(key, seenGeneration, why).ConfigureAwait(false);

            // Removed before it is told, so that a caller who is told and asks again starts a new attempt rather than
            // joining this one.
            _underway.TryRemove(key, out _);
            mine.SetResult(answer);
        }
        catch (StoreUnavailableException e)
        {
            _underway.TryRemove(key, out _);
            mine.SetResult(
                new VaultError(ErrorCatalogue.StoreUnavailable, e.Message) { RetryAfter = TimeSpan.FromSeconds(1) }
            );
        }
#pragma warning disable CA1031 // Whatever it was belongs to those who wait for the answer.
        catch (Exception e)
        {
            _underway.TryRemove(key, out _);
            mine.SetException(e);
        }
#pragma warning restore CA1031
    }

    private async Task<Result<RefreshResult>> AttemptAsync(AccountKey key, long? seenGeneration, RefreshReason why)
    {
        var attempt = ids.New("att_");
        await ReportPendingAsync(key).ConfigureAwait(false);

        // First only looked at: most askers find the work done, and what follows costs a key and a decryption.
        var snapshot = await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false);
        if (snapshot is null)
            return AccountErrors.NotConnected();
        if (!snapshot.Gate.Open)
            return AccountErrors.Suspended();
        var look = AccountLifecycle.Decide(snapshot.Row.State, Wanted(snapshot), runner.PolicyFor(snapshot.Row));
        if (look.Outcome != AccountOutcome.CallTokenEndpoint)
        {
            var settled = await WriteIntentAsync(key, attempt, Wanted, null).ConfigureAwait(false);
            if (!settled.TryGet(out var other, out var refused))
                return refused;
            if (other.Decision.Outcome != AccountOutcome.CallTokenEndpoint)
                return Answer(other);

            // It became possible between the two reads (a lease lapsed). The intent just written is ours; give it back
            // rather than send unprepared.
            await GiveBackAsync(key, attempt, "not_prepared").ConfigureAwait(false);
            return AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
        }

        var keyInHand = await keyring.HoldActiveAsync(key.Organization, CancellationToken.None).ConfigureAwait(false);
        if (!keyInHand.TryGet(out var sealingKey, out var noKey))
            return noKey;
        using (sealingKey)
        {
            var client = await clients.ForAsync(snapshot.Row, CancellationToken.None).ConfigureAwait(false);
            if (!client.TryGet(out var who, out var noClient))
            {
                // Installed behind the cascade that ended its connection: nobody could ever refresh it, and the due
                // index would bring it up for ever.
                if (noClient.Code == ErrorCatalogue.ConnectionUnknown)
                    await ReportAsync(key, () => new AccountEvent.ConnectionRemoved(runner.Now)).ConfigureAwait(false);
                return noClient;
            }

            using (who.ClientSecret)
            {
                var before = time.GetTimestamp();
                var written = await WriteIntentAsync(key, attempt, Wanted, snapshot).ConfigureAwait(false);
                if (!written.TryGet(out var step, out var refused))
                    return refused;
                if (step.Decision.Outcome != AccountOutcome.CallTokenEndpoint)
                    return Answer(step);
                if (
                    step.Before.ConnectionId != snapshot.Row.ConnectionId
                    || step.Before.State.Generation != snapshot.Row.State.Generation
                )
                {
                    // Reconnected between the reading and the intent: what is in hand belongs to the former grant.
                    // Nothing was sent; begin anew.
                    await GiveBackAsync(key, attempt, "row_changed").ConfigureAwait(false);
                    return AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
                }

                await checkpoints.ReachAsync("intent_written", key).ConfigureAwait(false);
                observer.LeaseTaken(step.Before.State.Intent is not null);
                return await CallAsync(step, attempt, who, sealingKey, before).ConfigureAwait(false);
            }
        }

        AccountEvent Wanted(AccountSnapshot s) =>
            new AccountEvent.RefreshWanted(
                runner.Now,
                why,
                attempt,
                host.Holder,
                seenGeneration,
                s.Row.State.Intent is { } held && (host.IsDead(held.Holder) || _ahead.IsOver(key, held)),
                runner.Jitter()
            );
    }

    /// <summary>
    /// If the store's word on the intent is lost, it may stand there though nothing was sent: without this it would
    /// lapse into a doubt, and a family into a loss.
    /// </summary>
    private async Task<Result<AccountStep>> WriteIntentAsync(
        AccountKey key,
        string attempt,
        Func<AccountSnapshot, AccountEvent> wanted,
        AccountSnapshot? seen
    )
    {
        try
        {
            return await runner
                .ApplyAsync(key, wanted, CancellationToken.None, needsOpenGate: true, seen: seen)
                .ConfigureAwait(false);
        }
        catch (StoreUnavailableException e) when (e.MayHaveCommitted)
        {
            _unreported[key] = () => NotSent(attempt, "store_unavailable");
            throw;
        }
    }

    private async Task<Result<RefreshResult>> CallAsync(
        AccountStep intent,
        string attempt,
        TokenClient client,
        SealingKey key,
        long intentMark
    )
    {
        var row = intent.After;
        Result<GrantTokens?> opened;
        Result<StaticCredential?> ownOpened;
        try
        {
            // The row is the one the intent was written on: its grant belongs to the generation we present.
            opened = await sealing.OpenGrantAsync(row, CancellationToken.None).ConfigureAwait(false);
            ownOpened = await sealing.OpenCredentialAsync(row, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            await GiveBackAsync(row.Key, attempt, "sealing_broken").ConfigureAwait(false);
            throw;
        }

        using var grant = opened.IsOk ? opened.Value : null;
        using var own = ownOpened.IsOk ? ownOpened.Value : null;
        if ((opened.Error ?? ownOpened.Error) is { } unopened)
        {
            await GiveBackAsync(row.Key, attempt, "sealing_unavailable").ConfigureAwait(false);
            return unopened;
        }

        await checkpoints.ReachAsync("before_send", row.Key).ConfigureAwait(false);
        if (await RecheckAsync(row.Key, attempt, intentMark).ConfigureAwait(false) is { } stopped)
            return stopped;
        var left = Left(intentMark);
        var deadline = time.GetUtcNow() + (left < options.TokenTimeout ? left : options.TokenTimeout);

        // A token presented again must be there before its grace window shuts, not only leave before.
        if (
            row.State.Doubt is { } doubt
            && runner.PolicyFor(row).Refresh is { Rotation: Rotation.Grace } policy
            && doubt.FirstSentAt + policy.Grace < deadline
        )
            deadline = doubt.FirstSentAt + policy.Grace;
        var mints = row.State.Mints;
        var started = time.GetTimestamp();
        TokenReply reply;
        try
        {
            reply =
                mints ? await endpoint.MintAsync(client, own, row.State.RequestedScopes, deadline).ConfigureAwait(false)
                : grant?.RefreshToken is { } token
                    ? await endpoint.RefreshAsync(client, token, deadline).ConfigureAwait(false)
                : new TokenReply.GrantDead(StatusReason.CredentialExpired, "no_refresh_token");
        }
#pragma warning disable CA1031 // A fault of the client says nothing about what the provider did; that is an outcome with a name.
        catch (Exception e)
        {
            observer.Failed("token_endpoint", row.Key, e);
            reply = new TokenReply.MayHaveActed("internal");
        }
#pragma warning restore CA1031
        await checkpoints.ReachAsync("reply_received", row.Key).ConfigureAwait(false);
        observer.TokenEndpointAnswered(row.Provider, reply.GetType().Name, time.GetElapsedTime(started));

        if (reply is TokenReply.Granted granted)
        {
            using (granted.Tokens.Secrets)
                return await CommitAsync(intent, attempt, granted.Tokens, grant, mints, key, client)
                    .ConfigureAwait(false);
        }

        var step = await ReportAsync(row.Key, FailureEvent(row, attempt, reply)).ConfigureAwait(false);
        return step.TryGet(out var done, out var error) ? Answer(done) : error;
    }

    // The lease counts from before the intent was written, on the monotonic clock: a frozen or delayed process, or a
    // clock that was set, finds less of it left, never more. The call must end before the lease does, whatever the
    // other hosts' clocks say (law 3).
    private TimeSpan Left(long intentMark) => options.Lease - options.ClockSkew - time.GetElapsedTime(intentMark);

    /// <summary>
    /// The last look before the send. The lease must leave room for the call; and what was read longer ago than the
    /// freshness lease is read again, because a revoke or a shut gate may have been acknowledged since (law 8). From
    /// here to the send there is nothing to wait for. Null: send.
    /// </summary>
    private async Task<VaultError?> RecheckAsync(AccountKey key, string attempt, long intentMark)
    {
        var confirmed = intentMark;
        while (true)
        {
            if (Left(intentMark) < options.TokenTimeout / 4)
            {
                await GiveBackAsync(key, attempt, "lease_too_short").ConfigureAwait(false);
                return AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
            }

            if (time.GetElapsedTime(confirmed) < options.FreshnessLease * 0.9)
                return null;
            confirmed = time.GetTimestamp();
            var now = await LookAgainAsync(key, attempt).ConfigureAwait(false);
            if (now is { Gate.Open: true } && now.Row.State.Intent?.AttemptId == attempt)
                continue;
            await GiveBackAsync(key, attempt, "stopped").ConfigureAwait(false);
            return now is { Gate.Open: false }
                ? AccountErrors.Suspended()
                : AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
        }
    }

    private async Task<AccountSnapshot?> LookAgainAsync(AccountKey key, string attempt)
    {
        try
        {
            return await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            _unreported[key] = () => NotSent(attempt, "store_unavailable");
            throw;
        }
    }

    private Func<AccountEvent> FailureEvent(AccountRow row, string attempt, TokenReply reply) =>
        () =>
            reply switch
            {
                TokenReply.NotActed r => new AccountEvent.RefreshNotActed(
                    runner.Now,
                    attempt,
                    r.Failure,
                    r.RetryAfter,
                    runner.Jitter()
                ),
                TokenReply.MayHaveActed r => new AccountEvent.RefreshMayHaveActed(
                    runner.Now,
                    attempt,
                    r.Failure,
                    runner.Jitter()
                ),
                TokenReply.GrantDead r => new AccountEvent.RefreshFoundDead(
                    runner.Now,
                    attempt,
                    row.State.Generation,
                    r.Reason,
                    r.Failure
                ),
                TokenReply.ClientRefused r => new AccountEvent.RefreshClientRefused(
                    runner.Now,
                    attempt,
                    r.Reason,
                    r.Failure,
                    runner.Jitter()
                ),
                _ => throw new InvalidOperationException("Not a failure: " + reply.GetType().Name),
            };

    private AccountEvent.RefreshNotActed NotSent(string attempt, string failure) =>
        new AccountEvent.RefreshNotActed(runner.Now, attempt, failure, TimeSpan.Zero, 0);

    private Task<Result<AccountStep>> GiveBackAsync(AccountKey key, string attempt, string failure) =>
        ReportAsync(key, () => NotSent(attempt, failure));

    private async Task<Result<AccountStep>> ReportAsync(AccountKey key, Func<AccountEvent> what)
    {
        try
        {
            return await runner.ApplyAsync(key, _ => what(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            _unreported[key] = what;
            throw;
        }
    }

    /// <summary>
    /// Tells the store what it could not be told before, so that nothing known here is taken for lost there.
    /// </summary>
    private async Task ReportPendingAsync(AccountKey key)
    {
        if (_uncommitted.TryGetValue(key, out var reply))
            await CommitSpooledAsync(reply).ConfigureAwait(false);
        if (_unreported.TryRemove(key, out var what))
            await ReportAsync(key, what).ConfigureAwait(false);
    }

    private async Task<Result<RefreshResult>> CommitAsync(
        AccountStep intent,
        string attempt,
        TokenSet tokens,
        GrantTokens? former,
        bool mints,
        SealingKey key,
        TokenClient client
    )
    {
        var row = intent.After;
        // A provider that does not rotate may leave the refresh token out of its answer: the one in hand goes on
        // working.
        var kept = tokens.Secrets.RefreshToken ?? (mints ? null : former?.RefreshToken);
        var merged = new GrantTokens
        {
            AccessToken = tokens.Secrets.AccessToken,
            RefreshToken = kept,
            TokenType = tokens.Secrets.TokenType,
        };
        var generation = row.State.Generation + 1;
        var blob = sealing.SealGrant(key, row.Id, generation, merged);
        var expires = tokens.AccessExpiresAt
            ?? (client.Pack.Refresh.AccessLifetime is { } life ? tokens.ObtainedAt + life : null);
        var facts = new GrantFacts(
            tokens.ObtainedAt,
            expires,
            mints || kept is not null,
            tokens.RefreshExpiresAt,
            row.State.Grant?.FirstConsentAt ?? tokens.ObtainedAt
        );
        await checkpoints.ReachAsync("reply_sealed", row.Key).ConfigureAwait(false);
        try
        {
            var committed = await CommitSealedAsync(
                    row.Key,
                    attempt,
                    row.State.Generation,
                    blob,
                    facts,
                    tokens.Scopes,
                    tokens.Parameters,
                    new AccountSnapshot(row, intent.Gate)
                )
                .ConfigureAwait(false);
            await checkpoints.ReachAsync("reply_committed", row.Key).ConfigureAwait(false);
            if (MustGo(committed))
                await RevokeLateAsync(row.Key, IsStored(committed) ? generation : null, client, merged)
                    .ConfigureAwait(false);
            return committed.TryGet(out var step, out var error) ? Answer(step) : error;
        }
        catch
        {
            // The commit may even have gone through; the copies are then found out of date and dropped. The one in
            // memory serves where the disk refuses.
            var reply = sealing.Prove(
                key,
                new SpooledReply(row.Key, row.Id, attempt, generation, blob, facts, tokens.Scopes, time.GetUtcNow())
            );
            _uncommitted[row.Key] = reply;
            observer.ReplySpooled(await spool.PutAsync(reply, CancellationToken.None).ConfigureAwait(false));
            throw;
        }
    }

    /// <summary>
    /// The account was withdrawn, or erased, while the provider made this grant: nobody but us knows that it lives.
    /// </summary>
    private static bool MustGo(Result<AccountStep> committed) =>
        committed.TryGet(out var step, out _)
            ? step.After.State.Status is AccountStatus.Revoked or AccountStatus.Disconnected
            : committed.Error?.Code == ErrorCatalogue.AccountNotConnected;

    private static bool IsStored(Result<AccountStep> committed) =>
        committed.TryGet(out var step, out _) && step.Decision.Outcome == AccountOutcome.Changed;

    /// <summary>
    /// Revoked at once with the token in hand: the due index would bring the account up only while the gate is open,
    /// and an erasure destroys the key that seals it. If it fails, the row says pending and the index takes over.
    /// </summary>
    /// <param name="stored">The generation it was stored as; null when another grant took its place: what the provider
    /// says of this one must not be taken for an answer about that one.</param>
    private async Task RevokeLateAsync(AccountKey key, long? stored, TokenClient client, GrantTokens grant)
    {
        try
        {
            var reply = await endpoint
                .RevokeAsync(client, grant, time.GetUtcNow() + options.TokenTimeout)
                .ConfigureAwait(false);
            if (stored is not { } generation)
                return;
            await runner
                .ApplyAsync(
                    key,
                    _ => new AccountEvent.UpstreamRevoked(
                        runner.Now,
                        generation,
                        reply.Outcome,
                        reply.Retry,
                        runner.Jitter()
                    ),
                    CancellationToken.None
                )
                .ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The commit stands; what is left to do is in the row.
        catch (Exception e)
        {
            observer.Failed("late_revocation", key, e);
        }
#pragma warning restore CA1031
    }

    private Task<Result<AccountStep>> CommitSealedAsync(
        AccountKey key,
        string attempt,
        long presented,
        SealedBlob blob,
        GrantFacts facts,
        ImmutableArray<string>? scopes,
        ImmutableSortedDictionary<string, string>? parameters,
        AccountSnapshot? seen = null
    ) =>
        runner.ApplyAsync(
            key,
            _ => new AccountEvent.RefreshSucceeded(runner.Now, attempt, presented, facts, scopes, parameters),
            CancellationToken.None,
            grant: blob,
            seen: seen
        );

    /// <summary>
    /// Commits what the spool holds, and tells the store what else it could not be told; an entry goes only when the
    /// store has judged it. Answers how many were committed.
    /// </summary>
    public async Task<int> DrainSpoolAsync(CancellationToken cancellationToken)
    {
        var healed = 0;
        var spooled = await spool.ListAsync(1_000, cancellationToken).ConfigureAwait(false);

        // The copy in memory first: nobody else can have changed it.
        foreach (var reply in _uncommitted.Values.Concat(spooled).DistinctBy(r => (r.Key, r.AttemptId)))
            if (await CommitSpooledAsync(reply).ConfigureAwait(false))
                healed++;

        // An account that was given up is asked for by nobody; so what would heal it is told from here, too.
        foreach (var key in _unreported.Keys)
            await ReportPendingAsync(key).ConfigureAwait(false);
        return healed;
    }

    // Who can write the folder and has no key can only take a reply away. Of a file without proof the sealed tokens
    // count: the account keeps the scopes it has, and no life of its access token is known, so the API's 401 brings the
    // next refresh.
    private async Task<bool> CommitSpooledAsync(SpooledReply spooled)
    {
        var reply = spooled;
        var isOwn = _uncommitted.TryGetValue(reply.Key, out var own) && ReferenceEquals(own, reply);
        if (!isOwn && !await sealing.IsProvenAsync(reply, CancellationToken.None).ConfigureAwait(false))
        {
            var now = time.GetUtcNow();
            reply = reply with
            {
                Scopes = null,
                Facts = new GrantFacts(now, null, reply.Facts.HasRefreshToken, null, now),
            };
        }

        var step = await CommitSealedAsync(
                reply.Key,
                reply.AttemptId,
                reply.Generation - 1,
                reply.Grant,
                reply.Facts,
                reply.Scopes is null ? null : [.. reply.Scopes],
                null
            )
            .ConfigureAwait(false);
        _uncommitted.TryRemove(new KeyValuePair<AccountKey, SpooledReply>(spooled.Key, spooled));
        await spool.RemoveAsync(reply.Key, reply.AttemptId, CancellationToken.None).ConfigureAwait(false);
        return step.TryGet(out var done, out _) && done.Decision.Outcome == AccountOutcome.Changed;
    }

    private Result<RefreshResult> Answer(AccountStep step)
    {
        var state = step.After.State;
        observer.Refreshed(step.After.Provider, step.Decision.Outcome);
        return step.Decision.Outcome switch
        {
            AccountOutcome.HeldByAnother => AccountErrors.InProgress(TimeSpan.FromMilliseconds(200)),

            // A failed refresh is no news to a caller whose access token still lives (law 6).
            AccountOutcome.CoolingDown when !AccountSchedule.IsLive(state, runner.Now) => AccountErrors.CoolingDown(
                state,
                Until(step.Decision.Until)
            ),
            AccountOutcome.NotUsable => AccountErrors.ForStatus(state),
            _ when state.Status != AccountStatus.Active => AccountErrors.ForStatus(state),
            _ => new RefreshResult(
                state.Status,
                state.Generation,
                step.Before.State.Generation != state.Generation,
                state.Grant?.AccessExpiresAt,
                step.Decision.Outcome == AccountOutcome.CoolingDown ? Until(step.Decision.Until) : null
            ),
        };
    }

    private TimeSpan Until(DateTimeOffset? until) =>
        until is { } end && end > runner.Now ? end - runner.Now : TimeSpan.FromMilliseconds(100);
}
