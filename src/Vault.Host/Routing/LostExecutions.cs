using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;

namespace Vault.Host.Routing;

/// <summary>
/// What can be said of an execution whose silo did not answer: what the ledger knows by its id, and no more.
/// </summary>
internal sealed class LostExecutions(IPacks packs, ILedgerStore ledger)
{
    /// <summary>
    /// Whether its tool changes nothing upstream, so that it may run again. An unknown tool is taken to act.
    /// </summary>
    public bool OnlyReads(ExecutionOrder order) =>
        packs.TryGetTool(order.Request.ToolName, out var tool) && tool.Definition.Effect == Effect.Read;

    /// <summary>
    /// Whether the ledger has any entry of it. An acting execution writes one before its upstream call (law 7), so none
    /// means that nothing has been sent yet.
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
    /// The outcome where the execution was finished before its answer was lost; else <c>outcome_unknown</c>, because a
    /// silo that is only frozen may still act.
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

        return Answer(
            order,
            Outcome.OutcomeUnknown,
            new VaultError(
                ErrorCatalogue.OutcomeUnknown,
                "The silo that ran the execution did not answer, and the ledger has no end of it."
            )
        );
    }

    public static ExecutionResult NotSent(ExecutionOrder order) =>
        Answer(order, Outcome.FailedBeforeSend, GrainCalls.NoSiloAvailable);

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

        // It succeeded, and its data is lost with the silo: cut to nothing, which is what the flag says.
        if (outcome == Outcome.Succeeded)
            return Answer(order, Outcome.Succeeded, null) with { Status = status, Truncated = true };
        var code = ErrorCatalogue.All.FirstOrDefault(c => c.Code == Text("error_code"))
            ?? ErrorCatalogue.OutcomeUnknown;
        return Answer(
            order,
            outcome,
            new VaultError(code, "As the ledger has it; the silo that ran the execution is gone.")
            {
                StatusReason = Text("status_reason"),
                UpstreamStatus = status,
            }
        ) with
        {
            Status = status,
        };
    }

    private static ExecutionResult Answer(ExecutionOrder order, Outcome outcome, VaultError? error) =>
        new()
        {
            ExecutionId = order.ExecutionId,
            Outcome = outcome,
            Error = error is null ? null : error with { ExecutionId = order.ExecutionId },
            ConnectedAccountId = order.Account.Value,
        };
}
