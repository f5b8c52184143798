using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <summary>The request fields and the response that a tool call and a raw call share.</summary>
internal static class ExecutionFields
{
    public static IReadOnlyList<Field> Account { get; } =
    [
        Field.Text("user_id", "The user, by your own id.") with
        {
            MaxLength = UserId.MaxLength,
            Aliases = ["identifier"],
        },
        Field.Text("connected_account_id", "The account, instead of its user.") with
        {
            MaxLength = 32,
        },
        Field.Text("account_label", "The account's label, where a user has several accounts of one connection.") with
        {
            MaxLength = 64,
        },
    ];

    public static IReadOnlyList<Field> Common { get; } =
    [
        Field.Text("agent_run_id", "Your own id of the agent run, for the ledger.") with
        {
            MaxLength = 200,
        },
        Field.Text("approval_id", "The approval that a destructive call requires.") with
        {
            MaxLength = 32,
        },
        Field.Number("timeout_ms", "The timeout of the call in milliseconds.", 1, 600_000),
    ];

    public static IReadOnlyList<ErrorCode> Errors { get; } =
    [
        ErrorCatalogue.ToolInputInvalid,
        ErrorCatalogue.OrganizationSuspended,
        ErrorCatalogue.ConnectionUnknown,
        ErrorCatalogue.ProviderUnknown,
        ErrorCatalogue.NotFound,
        ErrorCatalogue.AccountNotConnected,
        ErrorCatalogue.AccountAmbiguous,
        ErrorCatalogue.AuthRevoked,
        ErrorCatalogue.ReauthRequired,
        ErrorCatalogue.ClientMisconfigured,
        ErrorCatalogue.ScopeMissing,
        ErrorCatalogue.DelegationMissing,
        ErrorCatalogue.PolicyDenied,
        ErrorCatalogue.ApprovalRequired,
        ErrorCatalogue.RefreshInProgress,
        ErrorCatalogue.UpstreamRateLimited,
        ErrorCatalogue.UpstreamRejected,
        ErrorCatalogue.UpstreamUnavailable,
        ErrorCatalogue.UpstreamTimeout,
        ErrorCatalogue.OutcomeUnknown,
        ErrorCatalogue.EgressDenied,
        ErrorCatalogue.DestinationChanged,
        ErrorCatalogue.LedgerUnavailable,
        ErrorCatalogue.KeysUnavailable,
        ErrorCatalogue.QuotaExceeded,
    ];

    public static Result<ExecutionRequest> Read(
        Call call,
        string? connection,
        string tool,
        JsonElement input,
        GatewayOptions options
    )
    {
        var body = call.Body;
        var user = body.Text("user_id");
        if (user is not null && !UserId.IsValid(user))
            return VaultError.Invalid("user_id", "has " + UserId.Rule);
        if (connection is not null && !ConnectionName.IsValid(connection))
            return VaultError.Invalid("connection", "has " + ConnectionName.Rule);
        if (body.Text("account_label") is { } label && !AccountKey.IsValidLabel(label))
            return VaultError.Invalid("account_label", "has " + AccountKey.LabelRule);
        AccountId? account = null;
        if (body.Text("connected_account_id") is { } id)
        {
            if (!AccountId.TryParse(id, out var parsed))
                return VaultError.Invalid("connected_account_id", "is not an id of the form ca_…");
            account = parsed;
        }
        else if (user is null)
        {
            return VaultError.Invalid("user_id", "is required unless connected_account_id names the account");
        }

        var timeout = body.Number("timeout_ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : (TimeSpan?)null;
        if (timeout > options.LongestExecution)
            return VaultError.Invalid("timeout_ms", $"at most {options.LongestExecution.TotalMilliseconds:0}");
        return new ExecutionRequest
        {
            ToolName = tool,
            Organization = call.Organization,
            User = user is null ? null : new UserId(user),
            Input = input,
            Connection = connection is null ? null : new ConnectionName(connection),
            Account = account,
            AccountLabel = body.Text("account_label"),
            ToolVersion = body.Text("tool_version"),
            PageToken = body.Text("page_token"),
            Raw = body.Flag("raw") == true,
            AgentRunId = body.Text("agent_run_id"),
            ApprovalId = body.Text("approval_id"),
            Timeout = timeout,
            TraceParent = call.TraceParent,
        };
    }

    public static Answer Answer(ExecutionResult result) =>
        result.Error is { } error
            ? new Answer.Problem(
                error with
                {
                    ExecutionId = result.ExecutionId,
                },
                result.Outcome != Outcome.FailedBeforeSend,
                OutcomeNames.Of(result.Outcome)
            )
            : Http.Answer.Ok(new ExecutionView(result));
}
