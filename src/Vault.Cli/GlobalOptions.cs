using System.CommandLine;
using System.Text.Json;
using Vault.Client;

namespace Vault.Cli;

/// <summary>The options of every command, and the client created from them.</summary>
internal static class GlobalOptions
{
    public static Option<bool> JsonOption { get; } =
        new("--json") { Description = "Print the vault's JSON response.", Recursive = true };

    private static readonly Option<string?> Url = new("--url")
    {
        Description = "The vault's URL; default: VAULT_URL.",
        HelpName = "URL",
        Recursive = true,
    };
    private static readonly Option<string?> KeyFile = new("--key-file")
    {
        Description = "A file with the API key; default: VAULT_KEY.",
        HelpName = "FILE",
        Recursive = true,
    };
    private static readonly Option<string?> Organization = new("--org")
    {
        Description = "The organization; default: VAULT_ORGANIZATION. Not required with a key that is bound to one.",
        HelpName = "org_…",
        Recursive = true,
    };

    public static IReadOnlyList<Option> Options { get; } = [Url, KeyFile, Organization, JsonOption];

    public static bool WantsJson(this ParseResult parsed) => parsed.GetValue(JsonOption);

    public static string? OrganizationOf(this CliConsole console, ParseResult parsed) =>
        parsed.GetValue(Organization) ?? console.Variable("VAULT_ORGANIZATION");

    public static string? Variable(this CliConsole console, string name) =>
        console.Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public static VaultClient Client(this CliConsole console, ParseResult parsed)
    {
        var url = parsed.GetValue(Url)
            ?? console.Variable("VAULT_URL")
            ?? throw new CliException(
                "set the vault's URL: VAULT_URL=http://127.0.0.1:8080, or --url",
                VaultCommand.Usage
            );
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address))
            throw new CliException(
                $"'{url}' is not a URL; give an origin such as https://vault.example.com",
                VaultCommand.Usage
            );
        var key = parsed.GetValue(KeyFile) is { } file
            ? File.ReadAllText(file).Trim()
            : console.Variable("VAULT_KEY")
                ?? console.Variable("VAULT_ADMIN_KEY")
                ?? (console.Variable("VAULT_ADMIN_KEY_FILE") is { } admin ? File.ReadAllText(admin).Trim() : null)
                ?? throw new CliException(
                    "set the API key: --key-file FILE, VAULT_ADMIN_KEY_FILE=FILE, or VAULT_KEY=vk_live_…",
                    VaultCommand.Usage
                );
        try
        {
            return new VaultClient(
                new VaultClientOptions
                {
                    BaseAddress = address,
                    ApiKey = key,
                    OrganizationId = console.OrganizationOf(parsed),
                }
            );
        }
        catch (ArgumentException e)
        {
            throw new CliException(e.Message.Split(" (Parameter")[0], VaultCommand.Usage);
        }
    }

    /// <summary>All items of a list, over all pages.</summary>
    public static Task<List<JsonElement>> ListAsync(
        this VaultClient client,
        string path,
        CancellationToken cancellationToken
    ) => client.ListAsync(path, static _ => { }, cancellationToken);

    /// <param name="each">Receives each page, for members other than its items.</param>
    public static async Task<List<JsonElement>> ListAsync(
        this VaultClient client,
        string path,
        Action<JsonElement> each,
        CancellationToken cancellationToken
    )
    {
        var items = new List<JsonElement>();
        for (string? token = null; ; )
        {
            var page = await client.CallAsync(
                HttpMethod.Get,
                Query(path, ("page_token", token)),
                null,
                cancellationToken
            );
            items.AddRange(page.GetProperty("items").EnumerateArray());
            each(page);
            token =
                page.TryGetProperty("next_page_token", out var next) && next.ValueKind == JsonValueKind.String
                    ? next.GetString()
                    : null;
            if (token is null)
                return items;
        }
    }

    public static string Query(string path, params (string Name, string? Value)[] parameters)
    {
        var given = string.Join(
            '&',
            parameters.Where(p => p.Value is not null).Select(p => p.Name + "=" + Uri.EscapeDataString(p.Value!))
        );
        return given.Length == 0 ? path : path + (path.Contains('?', StringComparison.Ordinal) ? '&' : '?') + given;
    }

    /// <summary>Formats a member as a table cell: lists joined, null as an empty string.</summary>
    public static string Cell(this JsonElement item, string name)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name, out var value))
            return "";
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Array => string.Join(
                ", ",
                value.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.String ? v.GetString() : v.GetRawText())
            ),
            JsonValueKind.Null or JsonValueKind.Undefined => "",
            _ => value.GetRawText(),
        };
    }
}
