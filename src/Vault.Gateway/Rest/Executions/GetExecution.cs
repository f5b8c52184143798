using System.Text.Json.Nodes;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <param name="State">running, finished or refused.</param>
/// <param name="Outcome">Null while it runs.</param>
internal sealed record ExecutionRecordView(
    string ExecutionId,
    string State,
    string? Outcome,
    string? Tool,
    string? ToolVersion,
    string? UserId,
    string? Agent,
    string? AgentRunId,
    string? ConnectedAccountId,
    string? Connection,
    string? Provider,
    string? ErrorCode,
    string? StatusReason,
    int? UpstreamStatus,
    double? TotalMs,
    double? UpstreamMs,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    IReadOnlyList<long> LedgerSeqs
);

/// <summary>What the ledger has recorded about an execution. There is no second record that could differ.</summary>
internal sealed class GetExecution(ExecutionFinder finder) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/executions/{execution_id}", "getExecution", "Get the state and the outcome of an execution")
        {
            Tag = "Executions",
            Permission = Permission.LedgerRead,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Answer = typeof(ExecutionRecordView),
            Query = [Field.Organization],
            Errors = [ErrorCatalogue.NotFound],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var id = call.Route("execution_id");
        var known = await finder.FindAsync(call, cancellationToken);
        if (known.Count == 0)
            return new VaultError(ErrorCatalogue.NotFound, "The ledger has no execution with this id.");
        var started = known.FirstOrDefault(e => e.Entry.Index.Type == LedgerEvents.ExecutionStarted);
        var ended = known.LastOrDefault(e =>
            e.Entry.Index.Type is LedgerEvents.ExecutionFinished or LedgerEvents.ExecutionRefused
        );
        var last = ended.Json ?? known[^1].Json;
        var state =
            ended.Entry is null ? "running"
            : ended.Entry.Index.Type == LedgerEvents.ExecutionRefused ? "refused"
            : "finished";
        return Answer.Ok(
            new ExecutionRecordView(
                id,
                state,
                Text(last, "outcome"),
                Text(last, "tool"),
                Text(last, "tool_version"),
                Text(last, "user_id"),
                Text(last, "agent"),
                Text(last, "agent_run_id"),
                Text(last, "connected_account_id"),
                Text(last, "connection"),
                Text(last, "provider"),
                Text(last, "error_code"),
                Text(last, "status_reason"),
                (int?)last["upstream_status"]?.GetValue<double>(),
                last["total_ms"]?.GetValue<double>(),
                last["upstream_ms"]?.GetValue<double>(),
                started.Entry?.Time,
                ended.Entry?.Time,
                [.. known.Select(e => e.Entry.Seq)]
            )
        );
    }

    private static string? Text(JsonObject json, string name) => json[name]?.GetValue<string>();
}
