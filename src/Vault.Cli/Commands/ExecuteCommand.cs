using System.CommandLine;
using Vault.Client;

namespace Vault.Cli.Commands;

internal static class ExecuteCommand
{
    public static Command Make(CliConsole console)
    {
        var tool = new Argument<string>("tool") { Description = "The tool's name." };
        var user = new Option<string?>("--user") { Description = "The id of the account's user in your application." };
        var input = new Option<string?>("--input")
        {
            Description = "The input as JSON, @FILE, or - for standard input; default: {}.",
        };
        var connection = new Option<string?>("--connection")
        {
            Description = "The connection, if the user has several accounts.",
        };
        var account = new Option<string?>("--account") { Description = "The account, ca_…" };
        var approval = new Option<string?>("--approval") { Description = "The approval of this call, apr_…" };
        var page = new Option<string?>("--page") { Description = "The next_page_token of the previous result." };
        var key = new Option<string?>("--idempotency-key")
        {
            Description = "A repeated call with the same key runs once.",
        };
        var command = new Command(
            "execute",
            "Execute a tool with a user's account; prints its data.\n\nExamples:\n  vaultctl execute "
                + "slack_list_channels --user ada\n  vaultctl execute acme_create_order --user ada --input "
                + "@order.json --json"
        )
        {
            tool,
            user,
            input,
            connection,
            account,
            approval,
            page,
            key,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var text = parsed.GetValue(input) switch
                {
                    null => "{}",
                    "-" => await Inputs.TextAsync(console, "-", cancellationToken),
                    ['@', .. var file] => await Inputs.TextAsync(console, file, cancellationToken),
                    var given => given,
                };
                var call = new ToolCall(parsed.GetRequiredValue(tool))
                {
                    UserId = parsed.GetValue(user),
                    Input = Problems.Parse(text, "the input"),
                    Connection = parsed.GetValue(connection),
                    ConnectedAccountId = parsed.GetValue(account),
                    ApprovalId = parsed.GetValue(approval),
                    PageToken = parsed.GetValue(page),
                    IdempotencyKey = parsed.GetValue(key),
                };
                using var vault = console.Client(parsed);
                var done = await vault.ExecuteAsync(call, cancellationToken);
                if (parsed.WantsJson())
                    console.Json(
                        new
                        {
                            execution_id = done.ExecutionId,
                            outcome = done.Outcome,
                            data = done.Data,
                            status = done.Status,
                            trust = done.Trust,
                            next_page_token = done.NextPageToken,
                            truncated = done.Truncated,
                            upstream = done.Upstream is { } said ? new { headers = said.Headers } : null,
                            warnings = done.Warnings.Select(w => new { code = w.Code, message = w.Message }),
                            output_handle = done.OutputHandle,
                            connected_account_id = done.ConnectedAccountId,
                            scopes_used = done.ScopesUsed,
                            request_id = done.RequestId,
                        }
                    );
                else
                {
                    console.Json(done.Data);
                    var truncated = done.Truncated ? ", truncated; the whole output is at " + done.OutputHandle : "";
                    var more = done.NextPageToken is { } next ? ", next page: --page " + next : "";
                    await console.Error.WriteLineAsync(
                        $"{done.ExecutionId}: {done.Outcome}, status {done.Status}{truncated}{more}"
                    );
                    foreach (var (name, value) in done.Upstream?.Headers ?? new Dictionary<string, string>())
                        await console.Error.WriteLineAsync($"{name}: {value}");
                    foreach (var warning in done.Warnings)
                        await console.Error.WriteLineAsync("warning: " + warning.Message);
                }

                return done.Outcome == "succeeded" ? VaultCommand.Done : VaultCommand.Failed;
            }
        );
        return command;
    }
}
