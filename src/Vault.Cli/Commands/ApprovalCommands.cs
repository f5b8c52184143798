using System.CommandLine;

namespace Vault.Cli.Commands;

/// <summary>Destructive calls that wait for a person.</summary>
internal static class ApprovalCommands
{
    public static Command Make(CliConsole console) =>
        new(
            "approvals",
            "Destructive calls that wait for a decision. The key that asked cannot approve.\n\nExamples:\n"
                + "  vaultctl approvals list\n"
                + "  vaultctl approvals show apr_01h…\n"
                + "  vaultctl approvals approve apr_01h… --by ada@example.com"
        )
        {
            List(console),
            Show(console),
            Decide(console, "approve", "Approve one execution, once."),
            Decide(console, "deny", "Deny an execution."),
        };

    private static Command List(CliConsole console)
    {
        var all = new Option<bool>("--all") { Description = "Also those that are decided." };
        var command = new Command("list", "List the calls that wait.") { all };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var approvals = await vault.ListAsync(
                    GlobalOptions.Query(
                        "/v1/approvals?page_size=200",
                        ("organization_id", console.OrganizationOf(parsed)),
                        ("status", parsed.GetValue(all) ? null : "pending")
                    ),
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(approvals);
                else
                    console.Table(
                        ["id", "tool", "account", "requested by", "status", "ends"],
                        approvals.Select(a =>
                            (string[])
                                [
                                    a.Cell("id"),
                                    a.Cell("tool"),
                                    a.Cell("connected_account_id"),
                                    a.Cell("requested_by"),
                                    a.Cell("status"),
                                    a.Cell("expires_at"),
                                ]
                        )
                    );
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Show(CliConsole console)
    {
        var id = Id();
        var command = new Command("show", "Show a call with its arguments.") { id };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var path = GlobalOptions.Query(
                    Path(parsed.GetRequiredValue(id)),
                    ("organization_id", console.OrganizationOf(parsed))
                );
                console.Json(await vault.CallAsync(HttpMethod.Get, path, null, cancellationToken));
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Decide(CliConsole console, string word, string description)
    {
        var id = Id();
        var by = new Option<string>("--by")
        {
            Description = "The person who decides, by your own id.",
            Required = true,
        };
        var command = new Command(word, description) { id, by };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var done = await vault.CallAsync(
                    HttpMethod.Post,
                    $"{Path(parsed.GetRequiredValue(id))}:{word}",
                    new { organization_id = console.OrganizationOf(parsed), decided_by = parsed.GetRequiredValue(by) },
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(done);
                else
                    await console.Out.WriteLineAsync($"{done.Cell("id")} {done.Cell("status")}");
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Argument<string> Id() => new("approval") { Description = "The approval's id, apr_…." };

    private static string Path(string id) => "/v1/approvals/" + Uri.EscapeDataString(id);
}
