using System.CommandLine;

namespace Vault.Cli.Commands;

/// <summary>Organizations and connections: what an administrator makes before users connect.</summary>
internal static class SetupCommands
{
    public static Command Organizations(CliConsole console)
    {
        var name = new Argument<string>("name") { Description = "What people call it." };
        var create = new Command("create", "Make an organization; prints its id.") { name };
        create.SetAction(async (parsed, stop) =>
        {
            using var vault = console.Client(parsed);
            var made = await vault.CallAsync(HttpMethod.Post, "/v1/organizations", new { display_name = parsed.GetRequiredValue(name) }, stop);
            if (parsed.WantsJson()) console.Json(made);
            else await console.Out.WriteLineAsync(made.Cell("id"));
            return VaultCommand.Done;
        });
        var list = new Command("list", "The organizations there are.");
        list.SetAction(async (parsed, stop) =>
        {
            using var vault = console.Client(parsed);
            var all = await vault.ListAsync("/v1/organizations?page_size=200", stop);
            if (parsed.WantsJson()) console.Json(all);
            else console.Table(["id", "name"], all.Select(o => (string[])[o.Cell("id"), o.Cell("display_name")]));
            return VaultCommand.Done;
        });
        return new Command("organizations", "Organizations (with a key of the platform).\n\nExample:\n  export VAULT_ORGANIZATION=$(vaultctl organizations create Acme)") { create, list };
    }

    public static Command Connections(CliConsole console)
    {
        var provider = new Argument<string>("provider") { Description = "The provider's id." };
        var name = new Option<string?>("--name") { Description = "The connection's name; default: the provider's id." };
        var client = new Option<string?>("--client-id") { Description = "The OAuth client's id. Its secret comes from VAULT_CLIENT_SECRET." };
        var scopes = new Option<string[]>("--scope") { Description = "A scope that a consent asks for; may be given several times.", AllowMultipleArgumentsPerToken = true };
        var parameters = new Option<string[]>("--parameter") { Description = "name=value, a parameter of the provider; may be given several times.", AllowMultipleArgumentsPerToken = true };
        var create = new Command("create", "Make a connection to a provider.") { provider, name, client, scopes, parameters };
        create.SetAction(async (parsed, stop) =>
        {
            var body = new Dictionary<string, object?> { ["provider"] = parsed.GetRequiredValue(provider) };
            Put(body, "organization_id", console.OrganizationOf(parsed));
            Put(body, "name", parsed.GetValue(name));
            Put(body, "client_id", parsed.GetValue(client));
            Put(body, "client_secret", console.Variable("VAULT_CLIENT_SECRET"));
            if (parsed.GetValue(scopes) is { Length: > 0 } asked) body["scopes"] = asked;
            if (parsed.GetValue(parameters) is { Length: > 0 } given) body["parameters"] = Pairs(given);
            using var vault = console.Client(parsed);
            var made = await vault.CallAsync(HttpMethod.Post, "/v1/connections", body, stop);
            if (parsed.WantsJson()) console.Json(made);
            else await console.Out.WriteLineAsync($"{made.Cell("id")} {made.Cell("name")}");
            return VaultCommand.Done;
        });
        var list = new Command("list", "The connections of the organization.");
        list.SetAction(async (parsed, stop) =>
        {
            using var vault = console.Client(parsed);
            var all = await vault.ListAsync(Connecting.Query("/v1/connections?page_size=200", ("organization_id", console.OrganizationOf(parsed))), stop);
            if (parsed.WantsJson()) console.Json(all);
            else console.Table(["id", "name", "provider", "scopes"], all.Select(c => (string[])[c.Cell("id"), c.Cell("name"), c.Cell("provider"), c.Cell("scopes")]));
            return VaultCommand.Done;
        });
        return new Command("connections", "Connections of an organization to providers.\n\nExamples:\n  VAULT_CLIENT_SECRET=… vaultctl connections create slack --client-id 123.456\n  vaultctl connections list") { create, list };
    }

    public static void Put(Dictionary<string, object?> body, string name, string? value)
    {
        if (value is not null) body[name] = value;
    }

    /// <summary>Arguments of the form name=value, each name once.</summary>
    public static Dictionary<string, string> Pairs(IEnumerable<string> texts)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in texts.Select(Pair))
            if (!pairs.TryAdd(name, value)) throw new CliException($"'{name}' is given twice", VaultCommand.Usage);
        return pairs;
    }

    private static (string Name, string Value) Pair(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is var at and > 0 ? (text[..at], text[(at + 1)..]) : throw new CliException($"'{text}' is not name=value", VaultCommand.Usage);
}
