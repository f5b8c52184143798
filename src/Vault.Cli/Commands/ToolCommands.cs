using System.CommandLine;
using System.Text.Json;

namespace Vault.Cli.Commands;

internal static class ToolCommands
{
    public static Command Make(CliConsole console)
    {
        var provider = new Option<string?>("--provider") { Description = "Only tools of this provider." };
        var user = new Option<string?>("--user") { Description = "Show what this user still needs for each tool." };
        var list = new Command("list", "List the tools.") { provider, user };
        list.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var path = GlobalOptions.Query(
                    "/v1/tools?page_size=200",
                    ("organization_id", console.OrganizationOf(parsed)),
                    ("user_id", parsed.GetValue(user)),
                    ("provider", parsed.GetValue(provider))
                );
                var requirements = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
                var items = await vault.ListAsync(path, page => Take(page, requirements), cancellationToken);
                Write(console, parsed, items, requirements);
                return VaultCommand.Done;
            }
        );

        var words = new Argument<string[]>("words")
        {
            Description = "What the tool should do.",
            Arity = ArgumentArity.OneOrMore,
        };
        var limit = new Option<int>("--limit")
        {
            Description = "Maximum number of results, 1 to 100.",
            DefaultValueFactory = _ => 20,
        };
        var search = new Command("search", "Search tools by words, best match first.") { words, provider, user, limit };
        search.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var answer = await vault.CallAsync(
                    HttpMethod.Get,
                    GlobalOptions.Query(
                        "/v1/tools:search",
                        ("q", string.Join(' ', parsed.GetRequiredValue(words))),
                        ("organization_id", console.OrganizationOf(parsed)),
                        ("user_id", parsed.GetValue(user)),
                        ("provider", parsed.GetValue(provider)),
                        ("limit", parsed.GetValue(limit).ToString(null as IFormatProvider))
                    ),
                    null,
                    cancellationToken
                );
                var requirements = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
                Take(answer, requirements);
                Write(console, parsed, [.. answer.GetProperty("items").EnumerateArray()], requirements);
                return VaultCommand.Done;
            }
        );

        var name = new Argument<string>("tool") { Description = "The tool's name." };
        var format = new Option<string?>("--format") { Description = "vault, openai, anthropic, gemini or mcp." };
        format.AcceptOnlyFromAmong("vault", "openai", "anthropic", "gemini", "mcp");
        var show = new Command("show", "Show a tool with its schema.") { name, format, user };
        show.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var answer = await vault.CallAsync(
                    HttpMethod.Get,
                    GlobalOptions.Query(
                        "/v1/tools/" + Uri.EscapeDataString(parsed.GetRequiredValue(name)),
                        ("format", parsed.GetValue(format)),
                        ("organization_id", console.OrganizationOf(parsed)),
                        ("user_id", parsed.GetValue(user))
                    ),
                    null,
                    cancellationToken
                );
                console.Json(parsed.GetValue(format) is null ? answer : answer.GetProperty("tool"));
                return VaultCommand.Done;
            }
        );
        return new Command(
            "tools",
            "Tools that can be executed.\n\nExamples:\n  vaultctl tools search \"create an issue\" --user ada\n  "
                + "vaultctl tools show slack_send_message --format anthropic\n  vaultctl tools import "
                + "openapi.json --provider acme --tag orders"
        )
        {
            list,
            search,
            show,
            ToolImportCommand.Make(console),
            ToolSetCommands.Make(console),
        };
    }

    private static void Take(JsonElement page, Dictionary<string, JsonElement> requirements)
    {
        if (!page.TryGetProperty("requirements", out var all) || all.ValueKind != JsonValueKind.Object)
            return;
        foreach (var requirement in all.EnumerateObject())
            requirements[requirement.Name] = requirement.Value;
    }

    private static void Write(
        CliConsole console,
        ParseResult parsed,
        List<JsonElement> tools,
        Dictionary<string, JsonElement> requirements
    )
    {
        if (parsed.WantsJson())
            console.Json(requirements.Count == 0 ? tools : new { items = tools, requirements });
        else if (requirements.Count == 0)
            console.Table(
                ["tool", "effect", "description"],
                tools.Select(t => (string[])[t.Cell("name"), t.Cell("effect"), Short(t.Cell("description"))])
            );
        else
            console.Table(
                ["tool", "effect", "account", "missing", "approval"],
                tools.Select(t =>
                    requirements.TryGetValue(t.Cell("name"), out var r)
                        ? (string[])
                            [
                                t.Cell("name"),
                                t.Cell("effect"),
                                r.Cell("account"),
                                r.Cell("missing_scopes"),
                                r.Cell("approval"),
                            ]
                        : [t.Cell("name"), t.Cell("effect"), "", "", ""]
                )
            );
    }

    private static string Short(string text) =>
        text.Length <= 90 ? text : text[..(text.LastIndexOf(' ', 88) is var at and > 0 ? at : 88)] + " …";
}
