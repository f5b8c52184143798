using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <summary>Parses the request and calls the executor, which makes all decisions.</summary>
internal sealed class ExecuteTool(ToolExecutor executor, GatewayOptions options) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/execute_tool", "executeTool", "Execute a tool with a user's connected account")
        {
            Tag = "Executions",
            Permission = Permission.ToolsExecute,
            Scope = Scope.OrganizationUnchecked,
            KeepsConstraints = true,
            Writes = true,
            OwnTimeout = true,
            Answer = typeof(ExecutionView),
            Errors = [ErrorCatalogue.ToolUnknown, .. ExecutionFields.Errors],
            Body =
            [
                Field.Text("tool_name", "The tool (GET /v1/tools).") with
                {
                    Required = true,
                    MaxLength = 64,
                },
                Field.Organization,
                new Field("tool_input", FieldKind.Object, "The tool's input, as its schema says.")
                {
                    Aliases = ["params", "arguments"],
                },
                Field.Text("connection", "The connection's name, where the user has several accounts.") with
                {
                    MaxLength = 64,
                    Aliases = ["connector", "connection_name"],
                },
                Field.Text("tool_version", "Pins the tool's version.") with
                {
                    MaxLength = 64,
                },
                Field.Text("page_token", "next_page_token of the previous response.") with
                {
                    MaxLength = 16 * 1024,
                },
                Field.Flag("raw", "Returns everything that the provider sent, instead of the tool's data."),
                .. ExecutionFields.Account,
                .. ExecutionFields.Common,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var connection = call.Body.Text("connection");
        var read = ExecutionFields.Read(
            call,
            connection,
            call.Body.Required("tool_name"),
            call.Body.Json("tool_input") ?? Call.EmptyObject,
            options
        );
        if (!read.TryGet(out var request, out var wrong))
            return wrong;
        return ExecutionFields.Answer(await executor.ExecuteAsync(call.Caller, request, cancellationToken));
    }
}
