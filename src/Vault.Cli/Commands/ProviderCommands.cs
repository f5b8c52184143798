using System.CommandLine;

namespace Vault.Cli.Commands;

internal static class ProviderCommands
{
    public static Command Make(CliConsole console)
    {
        var id = new Argument<string>("provider") { Description = "The provider's id, for example slack." };
        var list = new Command("list", "List the providers.");
        list.SetAction((parsed, stop) => ListAsync(console, parsed, stop));
        var show = new Command("show", "Show a provider: its parameters, credential fields and tools.") { id };
        show.SetAction((parsed, stop) => ShowAsync(console, parsed, parsed.GetRequiredValue(id), stop));
        return new Command(
            "providers",
            "Providers and what they need.\n\nExamples:\n  vaultctl providers list\n  vaultctl providers show "
                + "salesforce --json\n  vaultctl providers accept-origins acme"
        )
        {
            list,
            show,
            Accept(console),
        };
    }

    private static Command Accept(CliConsole console)
    {
        var id = new Argument<string>("provider") { Description = "The provider's id." };
        var change = new Option<string?>("--change")
        {
            Description = "The change to accept, as shown without this option.",
        };
        var command = new Command(
            "accept-origins",
            "Show the version of a pack that waits because it leads to other addresses; with --change, put it into "
                + "force. Needs another platform key than the one that stored it."
        )
        {
            id,
            change,
        };
        command.SetAction(
            (parsed, stop) => AcceptAsync(console, parsed, parsed.GetRequiredValue(id), parsed.GetValue(change), stop)
        );
        return command;
    }

    private static async Task<int> AcceptAsync(
        CliConsole console,
        ParseResult parsed,
        string id,
        string? change,
        CancellationToken cancellationToken
    )
    {
        using var vault = console.Client(parsed);
        var path = "/v1/providers/" + Uri.EscapeDataString(id);
        var answer = change is null
            ? await vault.CallAsync(HttpMethod.Get, path + "/pending_origins", null, cancellationToken)
            : await vault.CallAsync(HttpMethod.Post, path + ":accept_origins", new { change }, cancellationToken);
        if (parsed.WantsJson())
            console.Json(answer);
        else if (change is null)
        {
            await console.Out.WriteLineAsync(
                $"{id}: stored by {answer.Cell("stored_by")} at {answer.Cell("stored_at")}; new addresses:"
            );
            foreach (var added in answer.GetProperty("added").EnumerateArray())
                await console.Out.WriteLineAsync("  " + added.GetString());
            await console.Out.WriteLineAsync(
                $"Accept: vaultctl providers accept-origins {id} --change {answer.Cell("change")}"
            );
        }
        else
            await console.Out.WriteLineAsync(
                $"{id} {answer.Cell("version")} is in force; {answer.Cell("organizations")} organizations use it, "
                    + $"{answer.Cell("accounts_stopped")} accounts are bound to the former addresses"
            );
        return VaultCommand.Done;
    }

    private static async Task<int> ListAsync(
        CliConsole console,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        using var vault = console.Client(parsed);
        var providers = await vault.ListAsync("/v1/providers?page_size=200", cancellationToken);
        if (parsed.WantsJson())
            console.Json(providers);
        else
            console.Table(
                ["id", "name", "credentials", "tools", "confidence"],
                providers.Select(p =>
                    (string[])
                        [
                            p.Cell("id"),
                            p.Cell("display_name"),
                            p.Cell("credential_types"),
                            p.GetProperty("tools").GetArrayLength().ToString(null as IFormatProvider),
                            p.Cell("confidence"),
                        ]
                )
            );
        return VaultCommand.Done;
    }

    private static async Task<int> ShowAsync(
        CliConsole console,
        ParseResult parsed,
        string id,
        CancellationToken cancellationToken
    )
    {
        using var vault = console.Client(parsed);
        var p = await vault.CallAsync(
            HttpMethod.Get,
            "/v1/providers/" + Uri.EscapeDataString(id),
            null,
            cancellationToken
        );
        if (parsed.WantsJson())
        {
            console.Json(p);
            return VaultCommand.Done;
        }

        await console.Out.WriteLineAsync(
            $"{p.Cell("display_name")} ({p.Cell("id")} {p.Cell("version")}), confidence {p.Cell("confidence")}\n"
                + $"hosts: {p.Cell("hosts")}\ncredentials: {p.Cell("credential_types")}, rotation {p.Cell("rotation")}"
        );
        foreach (var f in p.GetProperty("parameters").EnumerateArray())
        {
            var required = f.Cell("required") == "true" ? " (required)" : "";
            var line =
                $"parameter of the {f.Cell("source")}: {f.Cell("name")}{required}, "
                + $"{f.Cell("pattern")} {f.Cell("description")}";
            await console.Out.WriteLineAsync(line.TrimEnd());
        }

        foreach (var f in p.GetProperty("credential_fields").EnumerateArray())
            await console.Out.WriteLineAsync(
                $"field of {f.Cell("credential_type")}: {f.Cell("name")} ({f.Cell("label")})"
            );
        foreach (var note in p.GetProperty("notes").EnumerateArray())
            await console.Out.WriteLineAsync("note: " + note.GetString());
        foreach (var tool in p.GetProperty("tools").EnumerateArray())
            await console.Out.WriteLineAsync("tool: " + tool.GetString());
        return VaultCommand.Done;
    }
}
