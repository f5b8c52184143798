using Vault.Core.Connections;
using Vault.Core.Ledger;

namespace Vault.Core.Execution;

// What comes after the provider's last response: the result, and its entry in the ledger.
public sealed partial class ToolRunner
{
    private async Task<ExecutionResult> ResultAsync(
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
                // A read fails without its page token, because the result would look like the last page. A call that
                // has acted reports success.
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
                UpstreamHeaders = reply.Headers,
                Warnings = reply.Warnings,
                OutputHandle = handle,
                ConnectedAccountId = run.Order.Account.Value,
                ScopesUsed = run.Used,
            };
        }

        // The provider may require scopes that the pack does not declare. Only values with the form of a scope are
        // recorded, and a limited number.
        if (reply.Outcome == UpstreamOutcome.ScopeMissing)
            scopeUses.Refused(
                run.Key.Organization,
                run.Order.Account,
                [.. reply.MissingScopes.Where(s => ConnectionRules.CheckScopes([s]).IsEmpty).Take(MaxScopesRecorded)],
                time.GetUtcNow()
            );
        if (reply is { Outcome: UpstreamOutcome.RateLimited, RetryAfter: { } hold })
            guard.Held(run, hold);
        return run.Fail(outcome, UpstreamErrors.Of(run.Tool.Pack, reply, code)) with { Status = reply.Status };
    }

    /// <summary>
    /// Writes the entry after the call. A read whose entry cannot be written fails. A write that has acted reports its
    /// outcome all the same: an error would make the agent act twice.
    /// </summary>
    private async Task<ExecutionResult> FinishAsync(ExecutionRun run, ExecutionResult result, bool began)
    {
        var type =
            result.Outcome == Outcome.FailedBeforeSend && !began
                ? LedgerEvents.ExecutionRefused
                : LedgerEvents.ExecutionFinished;
        var failure = await ledger
            .AppendAsync(run.Entry(ids, type, result), CancellationToken.None)
            .ConfigureAwait(false);
        observer.Executed(run.Tool.Definition.Name, result.Error?.Code.Code ?? "succeeded", run.Elapsed, run.Upstream);
        return failure is null || run.Acts || result.Outcome == Outcome.FailedBeforeSend
            ? result
            : run.Fail(Outcome.FailedUpstream, failure);
    }
}
