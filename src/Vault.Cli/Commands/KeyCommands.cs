using System.CommandLine;
using System.Text.Json;

namespace Vault.Cli.Commands;

/// <summary>API keys of callers. A new key is printed once, alone on standard output, so it can go into a
/// file.</summary>
internal static class KeyCommands
{
    public static Command Make(CliConsole console) =>
        new(
            "keys",
            "API keys. With --organization they are the organization's, otherwise the platform's.\n\nExamples:\n"
                + "  vaultctl keys create reporter --permission tools:execute --user ada --connection slack "
                + "> reporter.key\n"
                + "  vaultctl keys list\n"
                + "  vaultctl keys revoke key_01h… --compromised"
        )
        {
            Create(console),
            List(console),
            Rotate(console),
            Revoke(console),
        };

    private static Command Create(CliConsole console)
    {
        var name = new Argument<string>("name") { Description = "A name for people." };
        var permissions = Many("--permission", "A permission of the key; repeat it for more.");
        permissions.Required = true;
        var days = new Option<double?>("--days") { Description = "Days until it ends. Default: the longest life." };
        var limits = new (string Field, Option<string[]> Option)[]
        {
            ("users", Many("--user", "Limit it to this user; repeat it for more.")),
            ("connections", Many("--connection", "Limit it to this connection.")),
            ("tools", Many("--tool", "Limit it to this tool; PROVIDER:proxy stands for raw calls.")),
            ("addresses", Many("--address", "Limit it to this address or network.")),
        };
        var command = new Command("create", "Create a key; prints it, and it cannot be shown again.")
        {
            name,
            permissions,
            days,
        };
        foreach (var (_, option) in limits)
            command.Add(option);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var body = Owned(console, parsed);
                body["name"] = parsed.GetRequiredValue(name);
                body["permissions"] = parsed.GetRequiredValue(permissions);
                if (parsed.GetValue(days) is { } life)
                    body["expires_at"] = DateTimeOffset.UtcNow.AddDays(life);
                foreach (var (field, option) in limits)
                    if (parsed.GetValue(option) is { Length: > 0 } list)
                        body[field] = list;
                using var vault = console.Client(parsed);
                var made = await vault.CallAsync(HttpMethod.Post, "/v1/api_keys", body, cancellationToken);
                await WriteAsync(console, parsed, made);
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command List(CliConsole console)
    {
        var command = new Command("list", "List the keys with their makers, ends and last uses.");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var keys = await vault.ListAsync(
                    GlobalOptions.Query(
                        "/v1/api_keys?page_size=200",
                        ("organization_id", console.OrganizationOf(parsed))
                    ),
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(keys);
                else
                    console.Table(
                        ["id", "name", "made by", "last used", "ends", "revoked"],
                        keys.Select(k =>
                            (string[])
                                [
                                    k.Cell("id"),
                                    k.Cell("name"),
                                    k.Cell("made_by"),
                                    k.Cell("last_used_at"),
                                    k.Cell("expires_at"),
                                    k.Cell("revoked_at"),
                                ]
                        )
                    );
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Rotate(CliConsole console)
    {
        var id = Id();
        var overlap = new Option<long>("--overlap-seconds") { Description = "How long the old key stays valid." };
        var command = new Command("rotate", "Replace a key; prints its successor.") { id, overlap };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var body = Owned(console, parsed);
                body["overlap_seconds"] = parsed.GetValue(overlap);
                using var vault = console.Client(parsed);
                var made = await vault.CallAsync(
                    HttpMethod.Post,
                    Path(parsed.GetRequiredValue(id)) + ":rotate",
                    body,
                    cancellationToken
                );
                await WriteAsync(console, parsed, made);
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Revoke(CliConsole console)
    {
        var id = Id();
        var compromised = new Option<bool>("--compromised")
        {
            Description = "Somebody else may have it: also revoke every key that it made, and those that these made.",
        };
        var command = new Command("revoke", "Revoke a key. Afterwards no host accepts it.") { id, compromised };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var body = Owned(console, parsed);
                body["reason"] = parsed.GetValue(compromised) ? "compromised" : "retired";
                using var vault = console.Client(parsed);
                var done = await vault.CallAsync(
                    HttpMethod.Post,
                    Path(parsed.GetRequiredValue(id)) + ":revoke",
                    body,
                    cancellationToken
                );
                if (parsed.WantsJson())
                {
                    console.Json(done);
                    return VaultCommand.Done;
                }

                await console.Out.WriteLineAsync($"{done.Cell("id")} revoked");
                foreach (var also in done.GetProperty("also_revoked").EnumerateArray())
                    await console.Out.WriteLineAsync($"{also.GetString()} revoked with it");
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Argument<string> Id() => new("key") { Description = "The key's id, key_…." };

    private static Option<string[]> Many(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.OneOrMore };

    private static string Path(string id) => "/v1/api_keys/" + Uri.EscapeDataString(id);

    private static Dictionary<string, object?> Owned(CliConsole console, ParseResult parsed) =>
        new() { ["organization_id"] = console.OrganizationOf(parsed) };

    private static async Task WriteAsync(CliConsole console, ParseResult parsed, JsonElement made)
    {
        if (parsed.WantsJson())
        {
            console.Json(made);
            return;
        }

        await console.Out.WriteLineAsync(made.Cell("key"));
        await console.Error.WriteLineAsync($"{made.Cell("id")}, ends {made.Cell("expires_at")}");
    }
}
