using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Refresh;
using Vault.Core.Scopes;
using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>
/// Runs an execution on the owner of the account, always in this order: scopes, approval, ledger, fresh credential,
/// upstream, classification, ledger. Nothing before the ledger entry has a side effect, and nothing with a side effect
/// is sent before the entry is durable (law 7).
/// </summary>
public sealed partial class ToolRunner(
    CredentialCache cache,
    AccountRunner accounts,
    AccountRefresher refresher,
    DestinationBinder binder,
    IPacks packs,
    IConnectionStore connections,
    IUpstream upstream,
    IRawUpstream raw,
    ILedger ledger,
    ExecutionGuard guard,
    OutputKeeper outputs,
    Sealer sealer,
    UseLog uses,
    ScopeUseLog scopeUses,
    IdFactory ids,
    TimeProvider time,
    LifecycleOptions lifecycle,
    IAccountObserver observer
) : IToolRuns
{
    private const int MaxScopesRecorded = 16;

    public Task<ExecutionResult> ExecuteAsync(
        AccountKey key,
        ExecutionOrder order,
        CancellationToken cancellationToken
    ) => RunAsync(key, order, null, cancellationToken);

    public Task<ExecutionResult> ExchangeAsync(
        AccountKey key,
        ExecutionOrder order,
        RawExchange exchange,
        CancellationToken cancellationToken
    ) => RunAsync(key, order, exchange, cancellationToken);

    private async Task<ExecutionResult> RunAsync(
        AccountKey key,
        ExecutionOrder order,
        RawExchange? exchange,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(order);
        if (
            !ProxyTool
                .Find(packs, order.Request.ToolName, order.Request.Input, order.Request.ToolVersion)
                .TryGet(out var tool, out _)
            || tool.Pack.Version != order.PackVersion
        )
            return new ExecutionResult
            {
                ExecutionId = order.ExecutionId,
                Outcome = Outcome.FailedBeforeSend,
                Error = new VaultError(
                    ErrorCatalogue.ToolUnknown,
                    $"Tool '{order.Request.ToolName}' of pack version {order.PackVersion} is not loaded "
                        + "on the silo that owns the account; try again."
                )
                {
                    ExecutionId = order.ExecutionId,
                },
            };

        var run = new ExecutionRun(key, order, tool, time) { Exchange = exchange };
        using var linked = new CancellationTokenSource(run.Left > TimeSpan.Zero ? run.Left : TimeSpan.Zero, time);
        using var registration = cancellationToken.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(),
            linked
        );
        ExecutionResult result;
        var began = false;
        try
        {
            var refusal = await CheckAsync(run, linked.Token).ConfigureAwait(false);
            if (refusal is null && run.Acts)
            {
                refusal = await ledger
                    .AppendAsync(run.Entry(ids, LedgerEvents.ExecutionStarted, null), linked.Token)
                    .ConfigureAwait(false);
                began = refusal is null;
            }

            result = refusal is null ? await CallAsync(run, linked.Token).ConfigureAwait(false) : run.Refuse(refusal);
        }
        catch (OperationCanceledException) when (linked.IsCancellationRequested)
        {
            result = run.MayHaveActed
                ? run.Acts
                    ? run.Fail(
                        Outcome.OutcomeUnknown,
                        new VaultError(
                            ErrorCatalogue.OutcomeUnknown,
                            "The execution was cancelled after the request was sent."
                        )
                    )
                    : run.Fail(
                        Outcome.FailedUpstream,
                        new VaultError(ErrorCatalogue.UpstreamTimeout, "The provider did not respond in time.")
                    )
                : run.Refuse(
                    new VaultError(
                        ErrorCatalogue.UpstreamTimeout,
                        "The execution timed out before the request was sent."
                    )
                );
        }
        catch (DecryptionFailedException e)
        {
            // What is stored does not belong to this row: it was altered, swapped or put back. Nothing is sent with it,
            // the ledger and the log say so, and a new consent replaces it.
            observer.Failed(StatusReason.CredentialUnreadable, key, e);
            var altered = AccountErrors.Unreadable();
            result = run.MayHaveActed ? run.Fail(Outcome.FailedUpstream, altered) : run.Refuse(altered);
        }
        catch (StoreUnavailableException e)
        {
            result = run.Refuse(
                new VaultError(ErrorCatalogue.StoreUnavailable, e.Message) { RetryAfter = TimeSpan.FromSeconds(1) }
            );
        }

        return await FinishAsync(run, result, began).ConfigureAwait(false);
    }

    private async Task<ExecutionResult> CallAsync(ExecutionRun run, CancellationToken cancellationToken)
    {
        var opened = await ConsumerSecretAsync(run, cancellationToken).ConfigureAwait(false);
        if (!opened.TryGet(out var consumerSecret, out var unopened))
            return run.Refuse(unopened);
        using var disposed = consumerSecret;
        var attempt = 0;
        var refreshed = false;
        while (true)
        {
            var (account, error) = await FreshAsync(run, cancellationToken).ConfigureAwait(false);
            if (account is null)
                return run.Refuse(error!);
            UpstreamReply reply;
            long generation;
            bool actedBefore;
            bool unverified;
            try
            {
                attempt++;
                generation = account.Row.State.Generation;
                unverified = account.Row.State.Unverified;
                var earlierActed = run.MayHaveActed;
                var call = new ToolCall(
                    run.Key.Organization,
                    run.Tool,
                    run.Order.Request.Input,
                    run.Page,
                    account.Grant,
                    account.Credential,
                    account.Row.State.Parameters.IsEmpty
                        ? run.Connection!.Settings.Parameters
                        : run.Connection!.Settings.Parameters.SetItems(account.Row.State.Parameters),
                    run.Order.ExecutionId,
                    run.Deadline,
                    run.Order.Request.TraceParent
                )
                {
                    TokenEndsAtDeadline = true,
                    Bound = account.Seen.Bound,
                    Raw = run.Order.Request.Raw,
                    Consumer = consumerSecret is null ? null : (run.Connection.Settings.ClientId!, consumerSecret),
                };
                run.MayHaveActed = true;
                var started = time.GetTimestamp();
                reply = await (
                    run.Exchange is { } exchange
                        ? raw.ExchangeAsync(
                            call,
                            exchange,
                            !refreshed && exchange.CanRepeat && account.Grant is not null,
                            cancellationToken
                        )
                        : upstream.SendAsync(call, cancellationToken)
                ).ConfigureAwait(false);
                run.Upstream += time.GetElapsedTime(started);
                run.CredentialEchoed |= reply.CredentialEchoed;
                run.MayHaveActed = earlierActed || RetryPolicy.MayHaveActed(reply);
                actedBefore = earlierActed;
            }
            finally
            {
                account.Release();
            }

            // Until this attempt ends: the whole response is stored before the result is returned.
            using var held = reply.Held;
            // The first use that the provider takes is the check of an imported credential. If this cannot be written
            // now, the next use writes it.
            if (unverified && reply.Outcome == UpstreamOutcome.Succeeded)
                _ = await accounts
                    .ApplyAsync(run.Key, _ => new AccountEvent.Used(accounts.Now, generation), CancellationToken.None)
                    .ConfigureAwait(false);

            if (run.Exchange is { Responded: true })
                return await ResultAsync(run, reply, actedBefore, cancellationToken).ConfigureAwait(false);
            if (reply.Outcome == UpstreamOutcome.CredentialRejected && !refreshed)
            {
                // One refresh and one retry. The retry is safe: the provider has not acted on a request that it did not
                // authorize.
                refreshed = true;
                var renewed = await refresher
                    .RefreshAsync(run.Key, generation, RefreshReason.Rejected, cancellationToken)
                    .ConfigureAwait(false);
                if (renewed.Error is { } dead)
                    return run.Fail(Outcome.FailedUpstream, dead) with { Status = reply.Status };
                if (renewed.Value.Generation != generation)
                    continue;

                // Nothing could be refreshed: the caller of a raw call gets the provider's own refusal.
                if (run.Exchange is not null && renewed.Value.Wait is null)
                    continue;

                // The provider refused several fresh tokens in a row. Another refresh for each call would not help and
                // would use up the grant.
                if (renewed.Value.Wait is { } wait)
                    return run.Fail(Outcome.FailedUpstream, AccountErrors.FreshTokensRefused(wait)) with
                    {
                        Status = reply.Status,
                    };
            }

            if (reply.Outcome == UpstreamOutcome.GrantDead)
            {
                var step = await accounts
                    .ApplyAsync(
                        run.Key,
                        _ => new AccountEvent.GrantReportedDead(
                            accounts.Now,
                            generation,
                            reply.Reason ?? StatusReason.GrantRevoked
                        ),
                        CancellationToken.None
                    )
                    .ConfigureAwait(false);
                if (step.TryGet(out var lowered, out _) && lowered.After.State.Status != AccountStatus.Active)
                    return run.Fail(Outcome.FailedUpstream, AccountErrors.ForStatus(lowered.After.State)) with
                    {
                        Status = reply.Status,
                    };
            }

            if (RetryPolicy.Pause(run.Tool.Definition, reply, attempt, run.Left, accounts.Jitter()) is not { } pause)
                return await ResultAsync(run, reply, actedBefore, cancellationToken).ConfigureAwait(false);
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// For OAuth 1.0a, where the client's secret signs each request: the connection's current secret, so that a
    /// rotation reaches every account. Otherwise null.
    /// </summary>
    private async ValueTask<Result<Secret?>> ConsumerSecretAsync(ExecutionRun run, CancellationToken cancellationToken)
    {
        if (
            run.Tool.Pack.Details.OAuth1 is null
            || run.Connection is not { ClientSecret: { } blob, Settings.ClientId: not null } connection
        )
            return (Secret?)null;
        var place = SealContext.ClientSecret(connection.Organization, connection.Id, connection.SecretGeneration);
        var opened = await sealer.OpenAsync(blob, place, cancellationToken).ConfigureAwait(false);
        return opened.TryGet(out var secret, out var error) ? secret : error;
    }

    /// <summary>
    /// The account with a live credential, confirmed within the freshness lease. Nothing waits between here and the
    /// send, so a revoked credential is not sent (law 8).
    /// </summary>
    private async Task<(OpenAccount? Account, VaultError? Error)> FreshAsync(
        ExecutionRun run,
        CancellationToken cancellationToken
    )
    {
        var confirm = false;
        for (var round = 0; round < 4; round++)
        {
            var taken = await cache.TakeAsync(run.Key, confirm, cancellationToken).ConfigureAwait(false);
            if (!taken.TryGet(out var account, out var error))
                return (null, error);
            var state = account.Row.State;
            if (!account.Gate.Open || state.Status != AccountStatus.Active)
            {
                account.Release();
                return (null, account.Gate.Open ? AccountErrors.ForStatus(state) : AccountErrors.Suspended());
            }

            if (!DestinationBinder.IsBound(account.Row))
            {
                var row = account.Row;
                account.Release();
                if (await binder.BindAsync(row, cancellationToken).ConfigureAwait(false) is { } unbound)
                    return (null, unbound);
                confirm = true;
                continue;
            }

            // Again on the row that is used: the account may have been connected again since the checks.
            if (account.Seen.OutsideFor(run.Tool, run.Connection!) is { } origin)
            {
                var bound = account.Seen.Bound!;
                account.Release();
                return (null, PackOrigins.Refuse(bound, origin));
            }

            if (
                AccountSchedule.IsLive(state, time.GetUtcNow())
                && (account.Grant is not null || account.Credential is not null)
            )
                return (account, null);
            account.Release();
            var refreshed = await refresher
                .RefreshAsync(run.Key, state.Generation, RefreshReason.OnDemand, cancellationToken)
                .ConfigureAwait(false);
            if (refreshed.Error is { } failed)
                return (null, failed);

            // A token that this host has just obtained is in the cache; one that another host obtained is read.
            confirm = !refreshed.Value.Refreshed;
        }

        return (null, AccountErrors.InProgress(TimeSpan.FromMilliseconds(200)));
    }
}
