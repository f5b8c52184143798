using System.CommandLine;
using System.Text.Json;

namespace Vault.Cli.Commands;

/// <summary>Organizations and connections: what an administrator creates before users connect.</summary>
internal static class SetupCommands
{
    public static Command Organizations(CliConsole console)
    {
        var name = new Argument<string>("name") { Description = "The name shown to people." };
        var create = new Command("create", "Create an organization; prints its id.") { name };
        create.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var made = await vault.CallAsync(
                    HttpMethod.Post,
                    "/v1/organizations",
                    new { display_name = parsed.GetRequiredValue(name) },
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(made);
                else
                    await console.Out.WriteLineAsync(made.Cell("id"));
                return VaultCommand.Done;
            }
        );
        var list = new Command("list", "List the organizations.");
        list.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var all = await vault.ListAsync("/v1/organizations?page_size=200", cancellationToken);
                if (parsed.WantsJson())
                    console.Json(all);
                else
                    console.Table(["id", "name"], all.Select(o => (string[])[o.Cell("id"), o.Cell("display_name")]));
                return VaultCommand.Done;
            }
        );
        return new Command(
            "organizations",
            "Organizations (requires a platform key).\n\nExamples:\n  export VAULT_ORGANIZATION=$(vaultctl "
                + "organizations create Acme)\n  vaultctl organizations rotate-key $VAULT_ORGANIZATION"
        )
        {
            create,
            list,
            Show(console),
            RotateKey(console),
        };
    }

    private static Command Show(CliConsole console)
    {
        var id = new Argument<string>("id") { Description = "The organization's id." };
        var show = new Command("show", "Show an organization and the state of its last key rotation.") { id };
        show.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var one = await vault.CallAsync(
                    HttpMethod.Get,
                    "/v1/organizations/" + Uri.EscapeDataString(parsed.GetRequiredValue(id)),
                    null,
                    cancellationToken
                );
                if (parsed.WantsJson())
                {
                    console.Json(one);
                    return VaultCommand.Done;
                }

                console.Table(
                    ["id", "name", "status"],
                    [
                        [one.Cell("id"), one.Cell("display_name"), one.Cell("status")],
                    ]
                );
                if (one.TryGetProperty("key_rotation", out var rotation))
                    await WriteRotationAsync(console, rotation);
                return VaultCommand.Done;
            }
        );
        return show;
    }

    private static Command RotateKey(CliConsole console)
    {
        var id = new Argument<string>("id") { Description = "The organization's id." };
        var rotate = new Command(
            "rotate-key",
            "Create a new data key and reseal everything under it. Exit code 1 if values that cannot be decrypted "
                + "block it."
        )
        {
            id,
        };
        rotate.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var path = $"/v1/organizations/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}:rotate_key";
                var rotation = await vault.CallAsync(HttpMethod.Post, path, new { }, cancellationToken);
                if (parsed.WantsJson())
                    console.Json(rotation);
                else
                    await WriteRotationAsync(console, rotation);
                return rotation.Cell("status") == "blocked" ? VaultCommand.Failed : VaultCommand.Done;
            }
        );
        return rotate;
    }

    private static async Task WriteRotationAsync(CliConsole console, JsonElement rotation)
    {
        var status = rotation.Cell("status");
        await console.Out.WriteLineAsync(
            $"key version {rotation.Cell("key_version")}: {status}, {rotation.Cell("resealed_rows")} rows "
                + $"resealed, requested by {rotation.Cell("requested_by")} at {rotation.Cell("started_at")}"
        );
        if (status == "in_progress")
            await console.Out.WriteLineAsync(
                "the vault continues in the background; 'vaultctl organizations show' reports the progress"
            );
        foreach (var row in rotation.GetProperty("blocked_rows").EnumerateArray())
            await console.Out.WriteLineAsync("  cannot be decrypted: " + row.GetString());
        if (status == "blocked")
            await console.Out.WriteLineAsync(
                "the older key stays in use until each of them is replaced (reconnect the account, set the "
                    + "credential or client secret again) or has expired"
            );
    }

    public static Command Connections(CliConsole console)
    {
        var provider = new Argument<string>("provider") { Description = "The provider's id." };
        var name = new Option<string?>("--name") { Description = "The connection's name; default: the provider's id." };
        var client = new Option<string?>("--client-id")
        {
            Description = "The OAuth client's id; its secret is read from VAULT_CLIENT_SECRET.",
        };
        var scopes = new Option<string[]>("--scope")
        {
            Description = "A scope that a consent requests; may be given several times.",
            AllowMultipleArgumentsPerToken = true,
        };
        var parameters = new Option<string[]>("--parameter")
        {
            Description = "name=value, a parameter of the provider; may be given several times.",
            AllowMultipleArgumentsPerToken = true,
        };
        var create = new Command("create", "Create a connection to a provider.")
        {
            provider,
            name,
            client,
            scopes,
            parameters,
        };
        create.SetAction(
            async (parsed, cancellationToken) =>
            {
                var body = new Dictionary<string, object?> { ["provider"] = parsed.GetRequiredValue(provider) };
                Put(body, "organization_id", console.OrganizationOf(parsed));
                Put(body, "name", parsed.GetValue(name));
                Put(body, "client_id", parsed.GetValue(client));
                Put(body, "client_secret", console.Variable("VAULT_CLIENT_SECRET"));
                if (parsed.GetValue(scopes) is { Length: > 0 } requested)
                    body["scopes"] = requested;
                if (parsed.GetValue(parameters) is { Length: > 0 } given)
                    body["parameters"] = Pairs(given);
                using var vault = console.Client(parsed);
                var made = await vault.CallAsync(HttpMethod.Post, "/v1/connections", body, cancellationToken);
                if (parsed.WantsJson())
                    console.Json(made);
                else
                    await console.Out.WriteLineAsync($"{made.Cell("id")} {made.Cell("name")}");
                return VaultCommand.Done;
            }
        );
        var list = new Command("list", "List the connections of the organization.");
        list.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var all = await vault.ListAsync(
                    GlobalOptions.Query(
                        "/v1/connections?page_size=200",
                        ("organization_id", console.OrganizationOf(parsed))
                    ),
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(all);
                else
                    console.Table(
                        ["id", "name", "provider", "scopes"],
                        all.Select(c => (string[])[c.Cell("id"), c.Cell("name"), c.Cell("provider"), c.Cell("scopes")])
                    );
                return VaultCommand.Done;
            }
        );
        return new Command(
            "connections",
            "Connections of an organization to providers.\n\nExamples:\n  VAULT_CLIENT_SECRET=… vaultctl "
                + "connections create slack --client-id 123.456\n  vaultctl connections list"
        )
        {
            create,
            list,
        };
    }

    public static void Put(Dictionary<string, object?> body, string name, string? value)
    {
        if (value is not null)
            body[name] = value;
    }

    /// <summary>Parses arguments of the form name=value; a name may be given once.</summary>
    public static Dictionary<string, string> Pairs(IEnumerable<string> texts)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in texts.Select(Pair))
            if (!pairs.TryAdd(name, value))
                throw new CliException($"'{name}' is given twice", VaultCommand.Usage);
        return pairs;
    }

    private static (string Name, string Value) Pair(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is var at and > 0
            ? (text[..at], text[(at + 1)..])
            : throw new CliException($"'{text}' is not name=value", VaultCommand.Usage);
}
