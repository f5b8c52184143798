using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;

namespace Vault.Host.Routing;

/// <summary>
/// Finds the result of an execution whose silo did not reply. It reports what the ledger has recorded under the
/// execution's id, and nothing more.
/// </summary>
internal sealed class LostExecutions(IPacks packs, ILedgerStore ledger)
{
    /// <summary>
    /// Whether the tool changes nothing upstream, so that the execution may run again. An unknown tool counts as a
    /// write.
    /// </summary>
    public bool OnlyReads(ExecutionOrder order) =>
        packs.TryGetTool(order.Request.ToolName, out var tool) && tool.Definition.Effect == Effect.Read;

    /// <summary>
    /// Whether the ledger has an entry of the execution. A write has one before its upstream call (law 7), so without
    /// an entry nothing was sent.
    /// </summary>
    public async Task<bool> HasBegunAsync(AccountKey key, ExecutionOrder order)
    {
        try
        {
            return (await FindAsync(key, order).ConfigureAwait(false)).Count > 0;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
    }

    /// <summary>
    /// The recorded outcome, if the execution finished before its reply was lost. Otherwise <c>outcome_unknown</c>,
    /// because a silo that is only paused may still act.
    /// </summary>
    public async Task<ExecutionResult> LookUpAsync(AccountKey key, ExecutionOrder order)
    {
        try
        {
            var entries = await FindAsync(key, order).ConfigureAwait(false);
            if (
                entries
                    .LastOrDefault(e => e.Index.Type is LedgerEvents.ExecutionFinished or LedgerEvents.ExecutionRefused)
                    ?.Body is
                { } body
            )
                return Known(order, body);
        }
        catch (StoreUnavailableException) { }

        return Result(
            order,
            Outcome.OutcomeUnknown,
            new VaultError(
                ErrorCatalogue.OutcomeUnknown,
                "The silo that ran the execution did not respond, and the ledger has no final entry of it."
            )
        );
    }

    public static ExecutionResult NotSent(ExecutionOrder order) =>
        Result(order, Outcome.FailedBeforeSend, GrainCalls.NoSiloAvailable);

    private async Task<IReadOnlyList<LedgerEntry>> FindAsync(AccountKey key, ExecutionOrder order) =>
        (
            await ledger
                .QueryAsync(
                    new LedgerQuery(key.Organization) { ExecutionId = order.ExecutionId },
                    CancellationToken.None
                )
                .ConfigureAwait(false)
        ).Entries;

    private static ExecutionResult Known(ExecutionOrder order, ReadOnlyMemory<byte> body)
    {
        using var entry = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 128 });
        string? Text(string name) =>
            entry.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        int? status =
            entry.RootElement.TryGetProperty("upstream_status", out var number) && number.TryGetInt32(out var read)
                ? read
                : null;

        var outcome = OutcomeNames.Parse(Text("outcome"));

        // The execution succeeded, but its data was lost with the silo. The flag reports the data as truncated, here to
        // nothing.
        if (outcome == Outcome.Succeeded)
            return Result(order, Outcome.Succeeded, null) with { Status = status, Truncated = true };
        var code = ErrorCatalogue.All.FirstOrDefault(c => c.Code == Text("error_code"))
            ?? ErrorCatalogue.OutcomeUnknown;
        return Result(
            order,
            outcome,
            new VaultError(code, "Read from the ledger; the silo that ran the execution is gone.")
            {
                StatusReason = Text("status_reason"),
                UpstreamStatus = status,
            }
        ) with
        {
            Status = status,
        };
    }

    private static ExecutionResult Result(ExecutionOrder order, Outcome outcome, VaultError? error) =>
        new()
        {
            ExecutionId = order.ExecutionId,
            Outcome = outcome,
            Error = error is null ? null : error with { ExecutionId = order.ExecutionId },
            ConnectedAccountId = order.Account.Value,
        };
}
