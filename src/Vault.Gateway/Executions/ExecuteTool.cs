using System.Text.Json;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Executions;

internal sealed record ExecutionView(
    string ExecutionId, Outcome Outcome, JsonElement? Data, int? Status, string Trust, string? NextPageToken, bool Truncated, string? OutputHandle, string? ConnectedAccountId, IReadOnlyList<string> ScopesUsed);

/// <summary>Reads the request and hands it on; every decision is the executor's.</summary>
internal sealed class ExecuteTool(IExecutions executions, GatewayOptions options) : IRoute
{
    public Operation Operation { get; } = new("POST", "/v1/execute_tool", "executeTool", "Execute a tool with a user's connected account")
    {
        Tag = "Executions", Permission = Permission.ToolsExecute, Scope = Scope.OrganizationUnchecked, Writes = true, OwnTimeout = true, Answer = typeof(ExecutionView),
        Errors =
        [
            ErrorCatalogue.ToolUnknown, ErrorCatalogue.ToolInputInvalid, ErrorCatalogue.OrganizationSuspended, ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.NotFound,
            ErrorCatalogue.AccountNotConnected, ErrorCatalogue.AccountAmbiguous, ErrorCatalogue.AuthRevoked, ErrorCatalogue.ReauthRequired, ErrorCatalogue.ClientMisconfigured, ErrorCatalogue.ScopeMissing,
            ErrorCatalogue.DelegationMissing, ErrorCatalogue.PolicyDenied, ErrorCatalogue.ApprovalRequired, ErrorCatalogue.RefreshInProgress, ErrorCatalogue.UpstreamRateLimited, ErrorCatalogue.UpstreamRejected,
            ErrorCatalogue.UpstreamUnavailable, ErrorCatalogue.UpstreamTimeout, ErrorCatalogue.OutcomeUnknown, ErrorCatalogue.EgressDenied, ErrorCatalogue.LedgerUnavailable, ErrorCatalogue.KeysUnavailable,
            ErrorCatalogue.QuotaExceeded,
        ],
        Body =
        [
            Field.Text("tool_name", "The tool (GET /v1/tools).") with { Required = true, MaxLength = 64 },
            Field.Organization,
            Field.Text("user_id", "The user, by your own id.") with { MaxLength = UserId.MaxLength, Aliases = ["identifier"] },
            new Field("tool_input", FieldKind.Object, "The tool's input, as its schema says.") { Aliases = ["params", "arguments"] },
            Field.Text("connection", "The connection's name, where the user has several accounts.") with { MaxLength = 64, Aliases = ["connector", "connection_name"] },
            Field.Text("connected_account_id", "The account itself, instead of user and connection.") with { MaxLength = 32 },
            Field.Text("account_label", "The account's label, where one connection has several of a user.") with { MaxLength = 64 },
            Field.Text("tool_version", "Pins the tool's version.") with { MaxLength = 64 },
            Field.Text("page_token", "next_page_token of the answer before.") with { MaxLength = 8192 },
            Field.Text("agent_run_id", "Your own id of the agent's run, for the ledger.") with { MaxLength = 200 },
            Field.Text("approval_id", "The approval a destructive tool needs.") with { MaxLength = 32 },
            Field.Number("timeout_ms", "The longest the call may take, in milliseconds.", 1, 600_000),
        ],
    };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var read = Read(call);
        if (!read.TryGet(out var request, out var wrong)) return wrong;
        var answer = await executions.ExecuteAsync(call.Caller, request, cancellationToken);
        if (answer.Error is { } error) return new Answer.Problem(error with { ExecutionId = answer.ExecutionId }, answer.Outcome != Outcome.FailedBeforeSend, Word(answer.Outcome));
        return Answer.Ok(new ExecutionView(
            answer.ExecutionId, answer.Outcome, answer.Data, answer.Status, answer.Trust, answer.NextPageToken, answer.Truncated, answer.OutputHandle, answer.ConnectedAccountId, answer.ScopesUsed));
    }

    private Result<ExecutionRequest> Read(Call call)
    {
        var body = call.Body;
        if (body.Text("user_id") is { } user && !UserId.IsValid(user)) return VaultError.Invalid("user_id", "has " + UserId.Rule);
        if (body.Text("connection") is { } connection && !ConnectionName.IsValid(connection)) return VaultError.Invalid("connection", "has " + ConnectionName.Rule);
        if (body.Text("account_label") is { } label && !AccountKey.IsValidLabel(label)) return VaultError.Invalid("account_label", "has " + AccountKey.LabelRule);
        AccountId? account = null;
        if (body.Text("connected_account_id") is { } id)
        {
            if (!AccountId.TryParse(id, out var parsed)) return VaultError.Invalid("connected_account_id", "is not an id of the form ca_…");
            account = parsed;
        }
        else if (!body.Has("user_id"))
        {
            return VaultError.Invalid("user_id", "is required unless connected_account_id names the account");
        }

        var timeout = body.Number("timeout_ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : (TimeSpan?)null;
        if (timeout > options.LongestExecution) return VaultError.Invalid("timeout_ms", $"at most {options.LongestExecution.TotalMilliseconds:0}");
        return new ExecutionRequest
        {
            ToolName = body.Required("tool_name"), Organization = call.Organization, User = body.Text("user_id") is { } u ? new UserId(u) : null, Input = body.Json("tool_input") ?? Call.EmptyObject,
            Connection = body.Text("connection") is { } c ? new ConnectionName(c) : null, Account = account, AccountLabel = body.Text("account_label"), ToolVersion = body.Text("tool_version"),
            PageToken = body.Text("page_token"), AgentRunId = body.Text("agent_run_id"), ApprovalId = body.Text("approval_id"), Timeout = timeout, TraceParent = call.TraceParent,
        };
    }

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Succeeded => "succeeded",
        Outcome.FailedBeforeSend => "failed_before_send",
        Outcome.FailedUpstream => "failed_upstream",
        _ => "outcome_unknown",
    };
}
