using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Refresh;

/// <summary>
/// One attempt to refresh a grant. Between processes the intent in the row decides which one calls the provider. The
/// steps, and why a crash between any two of them is safe:
/// <list type="number">
/// <item>Load what a commit needs, sealing key and client (law 4). Nothing has happened yet.</item>
/// <item>Write the intent. After a crash its lease lapses; the host that takes over knows that a call may have been
/// sent.</item>
/// <item>Open the refresh token, check the lease again and send (<see cref="RefreshCall"/>). A process that was frozen
/// in between finds too little of its lease left and does not send.</item>
/// <item>Seal the response, sync it to the local disk, and commit it as generation + 1 (<see cref="RefreshCommit"/>).
/// After a crash, or if the store cannot take it, it is committed from the disk.</item>
/// </list>
/// From the intent on no caller's cancellation counts: a token that the provider has issued is always kept.
/// </summary>
internal sealed class RefreshAttempt(
    IAccountStore store,
    AccountRunner runner,
    Keyring keyring,
    TokenClients clients,
    DestinationBinder binder,
    RefreshCall call,
    ProviderIncidents incidents,
    UnreportedOutcomes outcomes,
    SettledHolders settled,
    IHostIdentity host,
    IdFactory ids,
    TimeProvider time,
    LifecycleOptions options,
    ICheckpoints checkpoints,
    IAccountObserver observer
)
{
    private readonly LeasesAhead _ahead = new(time, options);

    public async Task<Result<RefreshResult>> RunAsync(AccountKey key, long? seenGeneration, RefreshReason why)
    {
        var attemptId = ids.New("att_");
        await outcomes.OpenAsync().ConfigureAwait(false);
        await outcomes.ReportKeptAsync(key).ConfigureAwait(false);

        if (why == RefreshReason.PresentAgain)
            await settled.ReadAsync().ConfigureAwait(false);

        // Read before anything is loaded: most callers find the refresh done, and loading costs a key and a decryption.
        var snapshot = await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false);
        if (snapshot is null)
            return AccountErrors.NotConnected();
        if (!snapshot.Gate.Open)
            return AccountErrors.Suspended();
        var decision = AccountLifecycle.Decide(snapshot.Row.State, Wanted(snapshot), runner.PolicyFor(snapshot.Row));
        if (decision.Outcome != AccountOutcome.CallTokenEndpoint)
        {
            var settled = await WriteIntentAsync(key, attemptId, Wanted, null).ConfigureAwait(false);
            if (!settled.TryGet(out var other, out var refused))
                return refused;
            if (other.Decision.Outcome != AccountOutcome.CallTokenEndpoint)
                return ToResult(other);

            // A lease lapsed between the two reads, so this write is an intent. Nothing is loaded: return the lease.
            await outcomes.ReportNotSentAsync(key, attemptId, "not_prepared").ConfigureAwait(false);
            return AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
        }

        if (!DestinationBinder.IsBound(snapshot.Row))
        {
            if (await binder.BindAsync(snapshot.Row, CancellationToken.None).ConfigureAwait(false) is { } unbound)
                return unbound;
            return AccountErrors.InProgress(TimeSpan.FromMilliseconds(25));
        }

        if (why != RefreshReason.Manual && incidents.Hold(snapshot.Row.ConnectionId) is { } wait)
            return AccountSchedule.IsLive(snapshot.Row.State, runner.Now)
                ? new RefreshResult(
                    snapshot.Row.State.Status,
                    snapshot.Row.State.Generation,
                    false,
                    snapshot.Row.State.Grant?.AccessExpiresAt,
                    wait
                )
                : AccountErrors.InIncident(ProviderIncidents.Failure, wait);

        var held = await keyring.HoldActiveAsync(key.Organization, CancellationToken.None).ConfigureAwait(false);
        if (!held.TryGet(out var sealingKey, out var noKey))
            return noKey;
        using (sealingKey)
        {
            var found = await clients.ForAsync(snapshot.Row, CancellationToken.None).ConfigureAwait(false);
            if (!found.TryGet(out var client, out var noClient))
            {
                // The grant was stored after the cascade of its removed connection had passed. No refresh can succeed,
                // and the due index would list the account for ever.
                if (noClient.Code == ErrorCatalogue.ConnectionUnknown)
                    await outcomes
                        .ReportAsync(key, () => new AccountEvent.ConnectionRemoved(runner.Now))
                        .ConfigureAwait(false);
                return noClient;
            }

            using (client.ClientSecret)
            {
                // Before the intent: nothing is opened and no status changes, so the refusal ends when the origin is
                // back. The sweep postpones the account.
                if (BoundOf(snapshot.Row) is { } bound)
                {
                    if (
                        PackOrigins.Outside(
                            bound,
                            client.Pack,
                            client.Parameters,
                            PackOrigins.OfRefresh(client.Pack)
                        ) is
                        { } origin
                    )
                        return PackOrigins.Refuse(bound, origin);
                    client = client with { Bound = bound };
                }

                var lease = new RefreshLease(key, attemptId, time.GetTimestamp(), CallerWaits(why));
                var written = await WriteIntentAsync(key, attemptId, Wanted, snapshot).ConfigureAwait(false);
                if (!written.TryGet(out var intent, out var refused))
                    return refused;
                if (intent.Decision.Outcome != AccountOutcome.CallTokenEndpoint)
                    return ToResult(intent);
                if (
                    intent.Before.ConnectionId != snapshot.Row.ConnectionId
                    || intent.Before.State.Generation != snapshot.Row.State.Generation
                )
                {
                    // The account was reconnected after the read: what is loaded belongs to the former grant. Nothing
                    // was sent, so the caller can start again.
                    await outcomes.ReportNotSentAsync(key, attemptId, "row_changed").ConfigureAwait(false);
                    return AccountErrors.InProgress(TimeSpan.FromMilliseconds(100));
                }

                await checkpoints.ReachAsync("intent_written", key).ConfigureAwait(false);
                observer.LeaseTaken(intent.Before.State.Intent is not null);
                lease = lease with { PresentsAgain = intent.Decision.LedgerType == LedgerEvents.AccountPresentedAgain };
                var called = await call.RunAsync(intent, lease, client, sealingKey).ConfigureAwait(false);
                return called.TryGet(out var done, out var failed) ? ToResult(done) : failed;
            }
        }

        AccountEvent Wanted(AccountSnapshot s) =>
            new AccountEvent.RefreshWanted(
                runner.Now,
                why,
                attemptId,
                host.Holder,
                seenGeneration,
                s.Row.State.Intent is { } other && (host.IsDead(other.Holder) || _ahead.IsOver(key, other)),
                runner.Jitter(),
                settled.Among(s.Row.State)
            );
    }

    private static bool CallerWaits(RefreshReason why) =>
        why is not (RefreshReason.Scheduled or RefreshReason.PresentAgain);

    /// <summary>
    /// If the acknowledgement of the write is lost, the store may hold an intent whose call was never sent. The outcome
    /// is kept, so that the intent does not lapse into an in-doubt attempt.
    /// </summary>
    private async Task<Result<AccountStep>> WriteIntentAsync(
        AccountKey key,
        string attemptId,
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
            outcomes.KeepNotSent(key, attemptId);
            throw;
        }
    }

    /// <summary>The origins of what is presented: the credential that mints, otherwise the grant.</summary>
    private static Destinations? BoundOf(AccountRow row) =>
        (row.State.Mints ? row.Credential ?? row.Grant : row.Grant)?.ReadDestinations();

    private Result<RefreshResult> ToResult(AccountStep step)
    {
        var state = step.After.State;
        observer.Refreshed(step.After.Provider, step.Decision.Outcome);
        return step.Decision.Outcome switch
        {
            AccountOutcome.HeldByAnother => AccountErrors.InProgress(TimeSpan.FromMilliseconds(200)),

            // A failed refresh is no error for a caller whose access token is still live (law 6).
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
