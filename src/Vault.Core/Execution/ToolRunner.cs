using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Concurrency;
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
/// Runs an execution on the host that owns the account: scopes, approval, ledger, fresh credential, upstream,
/// judgement, ledger; in this order, always. Nothing before the ledger entry has a side effect, and nothing with a side
/// effect is sent before the entry is durable (law 7).
/// </summary>
public sealed class ToolRunner(
    CredentialCache cache,
    AccountRunner accounts,
    AccountRefresher refresher,
    IPacks packs,
    IConnectionStore connections,
    IUpstream upstream,
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

    private readonly FreshCache<(OrganizationId, string), ConnectionRow> _connections = new(
        time,
        lifecycle.FreshnessLease,
        10_000
    );

    public async Task<ExecutionResult> ExecuteAsync(
        AccountKey key,
        ExecutionOrder order,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(order);
        if (
            !ProxyTool.Find(packs, order.Tool, order.Input).TryGet(out var tool, out _)
            || tool.Pack.Version != order.PackVersion
        )
            return new ExecutionResult
            {
                ExecutionId = order.ExecutionId,
                Outcome = Outcome.FailedBeforeSend,
                Error = new VaultError(
                    ErrorCatalogue.ToolUnknown,
                    $"Tool '{order.Tool}' of pack version {order.PackVersion} is not loaded on the account's host; try again."
                )
                {
                    ExecutionId = order.ExecutionId,
                },
            };

        var run = new ExecutionRun(key, order, tool, time);
        using var either = new CancellationTokenSource(run.Left > TimeSpan.Zero ? run.Left : TimeSpan.Zero, time);
        using var gone = cancellationToken.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(),
            either
        );
        ExecutionResult answer;
        var began = false;
        try
        {
            var refusal = await CheckAsync(run, either.Token).ConfigureAwait(false);
            if (refusal is null && run.Acts)
            {
                refusal = await ledger
                    .AppendAsync(run.Draft(ids.NewEvent(), LedgerEvents.ExecutionStarted, null), either.Token)
                    .ConfigureAwait(false);
                began = refusal is null;
            }

            answer = refusal is null ? await CallAsync(run, either.Token).ConfigureAwait(false) : run.Refuse(refusal);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            answer = run.MayHaveActed
                ? run.Acts
                    ? run.Fail(
                        Outcome.OutcomeUnknown,
                        new VaultError(
                            ErrorCatalogue.OutcomeUnknown,
                            "The execution was given up after the request was sent."
                        )
                    )
                    : run.Fail(
                        Outcome.FailedUpstream,
                        new VaultError(ErrorCatalogue.UpstreamTimeout, "The provider did not answer in time.")
                    )
                : run.Refuse(
                    new VaultError(
                        ErrorCatalogue.UpstreamTimeout,
                        "The execution's time ran out before the provider was asked."
                    )
                );
        }
        catch (StoreUnavailableException e)
        {
            answer = run.Refuse(
                new VaultError(ErrorCatalogue.StoreUnavailable, e.Message) { RetryAfter = TimeSpan.FromSeconds(1) }
            );
        }

        return await FinishAsync(run, answer, began).ConfigureAwait(false);
    }

    private async Task<VaultError?> CheckAsync(ExecutionRun run, CancellationToken cancellationToken)
    {
        var taken = await cache.TakeAsync(run.Key, confirm: false, cancellationToken).ConfigureAwait(false);
        if (!taken.TryGet(out var account, out var error))
            return error;
        try
        {
            if (!account.Gate.Open)
                return AccountErrors.Suspended();
            if (account.Row.Id != run.Order.Account)
                return AccountErrors.NotConnected();
            var state = account.Row.State;
            run.Granted = state.GrantedScopes;
            if (state.Status != AccountStatus.Active)
                return AccountErrors.ForStatus(state);

            run.Connection = await ConnectionAsync(run.Key.Organization, account.Row.ConnectionId, cancellationToken)
                .ConfigureAwait(false);
            if (run.Connection is null || run.Connection.Settings.Disabled)
                return new VaultError(
                    ErrorCatalogue.ConnectionUnknown,
                    $"The connection '{run.Key.Connection}' is removed or disabled."
                );
            if (account.Row.Provider != run.Tool.Pack.Id)
            {
                // Found through another provider's pack: address, credential and error rules are those of the account's
                // own.
                if (!packs.TryGetTool(run.Tool.Definition.Name, account.Row.Provider, out var own))
                    return new VaultError(
                        ErrorCatalogue.ToolUnknown,
                        $"Accounts of '{account.Row.Provider}' do not run the tool '{run.Tool.Definition.Name}'."
                    );
                run.Tool = own;
            }

            if (ProxyTool.Is(run.Order.Tool))
            {
                if (!run.Connection.Settings.AllowProxy)
                    return new VaultError(
                        ErrorCatalogue.PolicyDenied,
                        $"The connection '{run.Key.Connection}' does not allow raw calls (allow_proxy)."
                    );
            }
            else if (run.Connection.Settings.Tools is { } offered && !offered.Contains(run.Tool.Definition.Name))
                return new VaultError(
                    ErrorCatalogue.PolicyDenied,
                    $"The connection '{run.Key.Connection}' does not offer the tool '{run.Tool.Definition.Name}'."
                );

            // Granted, not requested: what a person unticked at consent is not there.
            var missing = run.Tool.Definition.Scopes.Missing(state.GrantedScopes);
            run.Used = run.Tool.Definition.Scopes.Used(state.GrantedScopes);
            if (missing.Length > 0)
            {
                scopeUses.Refused(run.Key.Organization, run.Order.Account, missing, time.GetUtcNow());
                return new VaultError(
                    ErrorCatalogue.ScopeMissing,
                    "The grant lacks: " + string.Join(", ", missing) + "."
                )
                {
                    MissingScopes = missing,
                };
            }
        }
        finally
        {
            account.Release();
        }

        if (run.Order.PageToken is { } token)
        {
            var opened = await PageSeal
                .OpenAsync(sealer, run.Key.Organization, run.Order.Account, token, cancellationToken)
                .ConfigureAwait(false);
            if (!opened.TryGet(out var page, out var wrong))
                return wrong;
            run.Page = page;
        }

        return await guard.CheckAsync(run, cancellationToken).ConfigureAwait(false);
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
            try
            {
                attempt++;
                generation = account.Row.State.Generation;
                var earlierActed = run.MayHaveActed;
                var call = new ToolCall(
                    run.Key.Organization,
                    run.Tool,
                    run.Order.Input,
                    run.Page,
                    account.Grant,
                    account.Credential,
                    account.Row.State.Parameters.IsEmpty
                        ? run.Connection!.Settings.Parameters
                        : run.Connection!.Settings.Parameters.SetItems(account.Row.State.Parameters),
                    run.Order.ExecutionId,
                    run.Order.Deadline,
                    run.Order.TraceParent
                )
                {
                    TokenEndsAtDeadline = true,
                    Raw = run.Order.Raw,
                    Consumer = consumerSecret is null ? null : (run.Connection.Settings.ClientId!, consumerSecret),
                };
                run.MayHaveActed = true;
                var started = time.GetTimestamp();
                reply = await upstream.SendAsync(call, cancellationToken).ConfigureAwait(false);
                run.Upstream += time.GetElapsedTime(started);
                run.MayHaveActed = earlierActed || RetryPolicy.MayHaveActed(reply);
                actedBefore = earlierActed;
            }
            finally
            {
                account.Release();
            }

            if (reply.Outcome == UpstreamOutcome.CredentialRejected && !refreshed)
            {
                // One refresh, one retry: the provider has not acted on a request it did not authorise.
                refreshed = true;
                var renewed = await refresher
                    .RefreshAsync(run.Key, generation, RefreshReason.Rejected, cancellationToken)
                    .ConfigureAwait(false);
                if (renewed.Error is { } dead)
                    return run.Fail(Outcome.FailedUpstream, dead) with { Status = reply.Status };
                if (renewed.Value.Generation != generation)
                    continue;

                // Several fresh tokens in a row were refused: the provider is at odds with itself, and a refresh per
                // call would only wear the grant out.
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
                return await AnswerAsync(run, reply, actedBefore, cancellationToken).ConfigureAwait(false);
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Of OAuth 1.0a, where the client's secret signs every request: as the connection has it now, so that a new one
    /// reaches every account. Null anywhere else.
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
    /// The account with a live credential, confirmed within the freshness lease: from here to the send there is nothing
    /// to wait for (law 8).
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

    private async Task<ExecutionResult> AnswerAsync(
        ExecutionRun run,
        UpstreamReply reply,
        bool actedBefore,
        CancellationToken cancellationToken
    )
    {
        var (outcome, code) = RetryPolicy.Classify(run.Tool.Definition, reply, actedBefore);
        if (code is null)
        {
            string? next = null;
            if (reply.NextPageToken is { } page)
            {
                var closed = await PageSeal
                    .CloseAsync(sealer, run.Key.Organization, run.Order.Account, page, cancellationToken)
                    .ConfigureAwait(false);
                // Without its token a page that is not the last one would look like it; what has acted is answered all
                // the same.
                if (!closed.TryGet(out next, out var unsealed) && !run.Acts)
                    return run.Fail(Outcome.FailedUpstream, unsealed);
            }

            var now = time.GetUtcNow();
            uses.Note(run.Key.Organization, run.Order.Account, now);
            scopeUses.Used(run.Key.Organization, run.Order.Account, run.Used, now);
            var handle = reply.Truncated
                ? await outputs
                    .KeepAsync(run.Key.Organization, run.Order.ExecutionId, reply, cancellationToken)
                    .ConfigureAwait(false)
                : null;
            return new ExecutionResult
            {
                ExecutionId = run.Order.ExecutionId,
                Outcome = Outcome.Succeeded,
                Data = reply.Data,
                Status = reply.Status,
                NextPageToken = next,
                Truncated = reply.Truncated,
                OutputHandle = handle,
                ConnectedAccountId = run.Order.Account.Value,
                ScopesUsed = run.Used,
            };
        }

        // The provider may want more than the pack knows of; its own words only count where they are scopes, and not
        // without end.
        if (reply.Outcome == UpstreamOutcome.ScopeMissing)
            scopeUses.Refused(
                run.Key.Organization,
                run.Order.Account,
                [.. reply.MissingScopes.Where(s => ConnectionRules.CheckScopes([s]).IsEmpty).Take(MaxScopesRecorded)],
                time.GetUtcNow()
            );
        if (reply is { Outcome: UpstreamOutcome.RateLimited, RetryAfter: { } hold })
            guard.Held(run, hold);
        var error = new VaultError(code, code.Title + (reply.Detail is null ? "." : ": " + reply.Detail + "."))
        {
            Upstream = reply.Detail,
            UpstreamStatus = reply.Status,
            RetryAfter = reply.RetryAfter ?? (code.CanRetry ? TimeSpan.FromSeconds(1) : null),
            MissingScopes = reply.MissingScopes,
            StatusReason = reply.Reason,
        };
        return run.Fail(outcome, error) with { Status = reply.Status, Data = reply.Data };
    }

    /// <summary>
    /// The entry after. A read whose entry cannot be written is refused; a write that has acted is answered all the
    /// same: hiding it would make the agent act twice.
    /// </summary>
    private async Task<ExecutionResult> FinishAsync(ExecutionRun run, ExecutionResult answer, bool began)
    {
        var type =
            answer.Outcome == Outcome.FailedBeforeSend && !began
                ? LedgerEvents.ExecutionRefused
                : LedgerEvents.ExecutionFinished;
        var failure = await ledger
            .AppendAsync(run.Draft(ids.NewEvent(), type, answer), CancellationToken.None)
            .ConfigureAwait(false);
        observer.Executed(run.Tool.Definition.Name, answer.Error?.Code.Code ?? "succeeded", run.Elapsed, run.Upstream);
        return failure is null || run.Acts || answer.Outcome == Outcome.FailedBeforeSend
            ? answer
            : run.Fail(Outcome.FailedUpstream, failure);
    }

    private ValueTask<ConnectionRow?> ConnectionAsync(
        OrganizationId organization,
        string id,
        CancellationToken cancellationToken
    ) =>
        _connections.TryGet((organization, id), out var known)
            ? new(known)
            : _connections.GetAsync(
                (organization, id),
                key => connections.FindAsync(key.Item1, key.Item2, CancellationToken.None),
                cancellationToken
            );
}
