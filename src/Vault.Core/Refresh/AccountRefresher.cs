using Vault.Core.Accounts;
using Vault.Core.Concurrency;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// Refreshes a grant exactly once for any number of callers. In one process the callers of an account share one
/// <see cref="RefreshAttempt"/>; between processes the intent in the row decides, and the callers here wait for the
/// other host's commit.
/// </summary>
public sealed class AccountRefresher
{
    private readonly SingleFlight<AccountKey, Result<RefreshResult>> _attempts = new();
    private readonly UnreportedOutcomes _outcomes;
    private readonly RefreshAttempt _attempt;
    private readonly TimeProvider _time;

    public AccountRefresher(
        IAccountStore store,
        AccountRunner runner,
        GrantSealing sealing,
        Keyring keyring,
        TokenClients clients,
        DestinationBinder binder,
        ITokenEndpoint endpoint,
        IReplySpool spool,
        SettledHolders settled,
        IHostIdentity host,
        IdFactory ids,
        TimeProvider time,
        LifecycleOptions options,
        ICheckpoints checkpoints,
        IAccountObserver observer
    )
    {
        _time = time;
        _outcomes = new UnreportedOutcomes(runner, sealing, spool, settled, observer);
        var check = new PreSendCheck(store, runner, _outcomes, time, options);
        var commit = new RefreshCommit(
            runner,
            sealing,
            clients,
            endpoint,
            _outcomes,
            time,
            options,
            checkpoints,
            observer
        );
        var incidents = new ProviderIncidents(time, observer);
        var call = new RefreshCall(
            runner,
            sealing,
            endpoint,
            check,
            commit,
            _outcomes,
            incidents,
            time,
            checkpoints,
            observer
        );
        _attempt = new RefreshAttempt(
            store,
            runner,
            keyring,
            clients,
            binder,
            call,
            incidents,
            _outcomes,
            settled,
            host,
            ids,
            time,
            options,
            checkpoints,
            observer
        );
    }

    /// <summary>Refreshes under way in this process; a graceful shutdown waits for them.</summary>
    public IReadOnlyCollection<Task> Underway => _attempts.Underway;

    /// <summary>
    /// Joins the attempt under way in this process, or starts one. <paramref name="cancellationToken"/> ends only the
    /// caller's wait, never the attempt.
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
            var result = await _attempts
                .JoinAsync(key, () => AttemptAsync(key, seenGeneration, why), out var joined)
                .WaitAsync(cancellationToken)
                .ConfigureAwait(false);

            // The attempt that was joined began before this caller's token was rejected, and may have found the token
            // good. Its result does not answer this caller.
            if (
                joined
                && why is RefreshReason.Rejected or RefreshReason.Manual
                && result.IsOk
                && !result.Value.Refreshed
                && result.Value.Generation <= (seenGeneration ?? result.Value.Generation)
            )
                continue;
            if (
                result.Error is not { } error
                || error.Code != ErrorCatalogue.RefreshInProgress
                || why is RefreshReason.Scheduled or RefreshReason.PresentAgain
            )
                return result;

            // Another host holds the lease. Its commit appears in the row; read it again until then, or until the
            // caller cancels.
            await Task.Delay(poll, _time, cancellationToken).ConfigureAwait(false);
            poll = TimeSpan.FromMilliseconds(Math.Min(250, poll.TotalMilliseconds * 2));
        }
    }

    /// <summary>
    /// Commits the token responses that the store could not take, and writes the other outcomes that were kept. Returns
    /// the number of responses committed.
    /// </summary>
    public Task<int> DrainSpoolAsync(CancellationToken cancellationToken) => _outcomes.DrainAsync(cancellationToken);

    private async Task<Result<RefreshResult>> AttemptAsync(AccountKey key, long? seenGeneration, RefreshReason why)
    {
        try
        {
            return await _attempt.RunAsync(key, seenGeneration, why).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            return new VaultError(ErrorCatalogue.StoreUnavailable, e.Message) { RetryAfter = TimeSpan.FromSeconds(1) };
        }
    }
}
