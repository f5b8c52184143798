using System.CommandLine;

namespace Vault.Cli.Commands;

/// <summary>Lists and deletes imported tool sets.</summary>
internal static class ToolSetCommands
{
    public static Command Make(CliConsole console) =>
        new(
            "sets",
            "Imported tool sets.\n\nExamples:\n  vaultctl tools sets list\n  vaultctl tools sets delete acme+imported"
        )
        {
            List(console),
            Delete(console),
        };

    private static Command List(CliConsole console)
    {
        var provider = new Option<string?>("--provider") { Description = "Only sets of this provider." };
        var removed = new Option<bool>("--removed") { Description = "Also deleted sets, with actor and time." };
        var command = new Command("list", "List the imported tool sets.") { provider, removed };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var sets = await vault.ListAsync(
                    GlobalOptions.Query(
                        "/v1/tool_sets?page_size=200",
                        ("provider", parsed.GetValue(provider)),
                        ("removed", parsed.GetValue(removed) ? "true" : null)
                    ),
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(sets);
                else
                    console.Table(
                        ["tool set", "tools", "source", "updated", "removed"],
                        sets.Select(s =>
                            (string[])
                                [
                                    s.Cell("id"),
                                    s.Cell("tool_count"),
                                    s.Cell("source"),
                                    s.Cell("updated_at"),
                                    s.Cell("removed_at"),
                                ]
                        )
                    );
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Delete(CliConsole console)
    {
        var id = new Argument<string>("tool-set") { Description = "The tool set's id, for example acme+imported." };
        var force = new Option<bool>("--force")
        {
            Description = "Delete it even if connections name its tools; the names are removed from them.",
        };
        var command = new Command("delete", "Delete an imported tool set; its tools are removed at once.")
        {
            id,
            force,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var path = GlobalOptions.Query(
                    "/v1/tool_sets/" + Uri.EscapeDataString(parsed.GetRequiredValue(id)),
                    ("force", parsed.GetValue(force) ? "true" : null)
                );
                var done = await vault.CallAsync(HttpMethod.Delete, path, null, cancellationToken);
                if (parsed.WantsJson())
                    console.Json(done);
                else
                    await console.Out.WriteLineAsync(
                        $"{done.Cell("id")}: {done.GetProperty("tools_removed").GetArrayLength()} tools deleted, "
                            + $"{done.Cell("connections_changed")} connections changed"
                    );
                return VaultCommand.Done;
            }
        );
        return command;
    }
}
