using System.Globalization;
using System.Text.Json;

namespace Vault.Cli.Transfer;

/// <summary>
/// An account as exported by another product. Not a record, so that ToString does not print its credential.
/// </summary>
internal sealed class ForeignAccount
{
    public required string Id { get; init; }

    public string? User { get; init; }

    public required string Connection { get; init; }

    /// <summary>oauth_tokens, api_key or basic; null if it cannot be imported.</summary>
    public string? Kind { get; init; }

    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Why it cannot be imported; null if it can.</summary>
    public string? Fault { get; init; }
}

/// <summary>
/// Reads accounts with their credentials: Nango's <c>GET /connection/{id}</c>, Composio's <c>GET
/// /api/v3/connected_accounts/{id}</c>, single, in lists, or one per line.
/// </summary>
internal static class ForeignAccounts
{
    public static List<ForeignAccount> Read(string shape, string text, IReadOnlyDictionary<string, string> names) =>
        [.. Items(text).Select(item => shape == "nango" ? Nango(item, names) : Composio(item, names))];

    private static List<JsonElement> Items(string text)
    {
        try
        {
            var root = JsonElement.Parse(text);
            if (root.ValueKind == JsonValueKind.Array)
                return [.. root.EnumerateArray()];
            foreach (var list in new[] { "connections", "items", "data" })
            {
                if (
                    root.ValueKind == JsonValueKind.Object
                    && root.TryGetProperty(list, out var items)
                    && items.ValueKind == JsonValueKind.Array
                )
                    return [.. items.EnumerateArray()];
            }

            return [root];
        }
        catch (JsonException)
        {
            return
            [
                .. text.Split('\n')
                    .Select((line, i) => (line, i))
                    .Where(l => l.line.Trim().Length > 0)
                    .Select(l => Problems.Parse(l.line, $"line {l.i + 1}")),
            ];
        }
    }

    private static ForeignAccount Nango(JsonElement item, IReadOnlyDictionary<string, string> names)
    {
        var credentials = Member(item, "credentials");
        // Since Nango introduced end users, the connection's id is opaque and the user is in end_user.
        var user = Text(Member(item, "end_user"), "id") ?? Text(item, "connection_id");
        var integration = Text(item, "provider_config_key") ?? Text(item, "provider") ?? "";
        return Make(
            Text(item, "connection_id") ?? "?",
            user,
            names.GetValueOrDefault(integration, integration),
            Text(credentials, "type")?.ToUpperInvariant(),
            credentials,
            Text(Member(credentials, "raw"), "scope")
        );
    }

    private static ForeignAccount Composio(JsonElement item, IReadOnlyDictionary<string, string> names)
    {
        var state = Member(item, "state");
        var values = Member(state, "val");
        var integration = Text(Member(item, "toolkit"), "slug") ?? Text(item, "toolkit") ?? "";
        return Make(
            Text(item, "id") ?? "?",
            Text(item, "user_id"),
            names.GetValueOrDefault(integration, integration),
            (Text(state, "authScheme") ?? Text(state, "auth_scheme"))?.ToUpperInvariant(),
            values,
            Text(values, "scope")
        );
    }

    private static ForeignAccount Make(
        string id,
        string? user,
        string connection,
        string? type,
        JsonElement c,
        string? scopes
    )
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var kind = type switch
        {
            "OAUTH2" or "APP" => "oauth_tokens",
            "API_KEY" or "BEARER_TOKEN" => "api_key",
            "BASIC" => "basic",
            _ => null,
        };
        switch (kind)
        {
            case "oauth_tokens":
                Put("access_token", Text(c, "access_token"));
                Put("refresh_token", Text(c, "refresh_token"));
                Put("expires_at", Expiry(c));
                break;
            case "api_key":
                Put(
                    "api_key",
                    Text(c, "apiKey") ?? Text(c, "generic_api_key") ?? Text(c, "api_key") ?? Text(c, "token")
                );
                break;
            case "basic":
                Put("username", Text(c, "username"));
                Put("password", Text(c, "password"));
                break;
        }

        var fault =
            user is not { Length: > 0 } ? "it names no user"
            : connection.Length == 0 ? "it names no integration"
            : kind is null ? $"credentials of type {type ?? "none"} cannot be imported; the user must reconnect"
            : fields.Count == 0 || (kind == "oauth_tokens" && !fields.ContainsKey("access_token"))
                ? "its credential is not in the file (a list contains none; fetch each account by its id)"
            : fields.Values.Any(v =>
                v.Contains("REDACTED", StringComparison.Ordinal) || v.EndsWith("...", StringComparison.Ordinal)
            )
                ? "its credential is masked in the file"
            : null;
        return new ForeignAccount
        {
            Id = id,
            User = user,
            Connection = connection,
            Kind = kind,
            Fields = fields,
            Fault = fault,
            Scopes = scopes is null ? [] : scopes.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries),
        };

        void Put(string name, string? value)
        {
            if (value is { Length: > 0 })
                fields[name] = value;
        }
    }

    private static string? Expiry(JsonElement credentials) =>
        Text(credentials, "expires_at") is { } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : null;

    private static JsonElement Member(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement item, string name) =>
        Member(item, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
