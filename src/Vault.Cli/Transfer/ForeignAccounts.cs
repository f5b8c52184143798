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

    /// <summary>Null when the file does not say: the scopes stay unknown.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>
    /// What else the other product knows of the account (Nango's connection_config), by names without case and
    /// separators; parameters of a pack are looked for in it.
    /// </summary>
    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>();

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
        // Since Nango introduced end users, the connection's id is opaque and the user is in end_user or in the tags.
        var user = Text(Member(item, "end_user"), "id")
            ?? Text(Member(item, "end_user"), "end_user_id")
            ?? Text(Member(item, "tags"), "end_user_id")
            ?? Text(item, "connection_id");
        var integration = Text(item, "provider_config_key") ?? Text(item, "provider") ?? "";
        return Make(
            Text(item, "connection_id") ?? "?",
            user,
            names.GetValueOrDefault(integration, integration),
            Text(credentials, "type")?.ToUpperInvariant(),
            credentials,
            ScopesOf(Member(credentials, "raw")) ?? ScopesOf(credentials),
            ConfigOf(Member(item, "connection_config"), Member(credentials, "raw"), Member(item, "metadata"))
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
            ScopesOf(values),
            ConfigOf(values)
        );
    }

    private static ForeignAccount Make(
        string id,
        string? user,
        string connection,
        string? type,
        JsonElement c,
        IReadOnlyList<string>? scopes,
        IReadOnlyDictionary<string, string> config
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
            Scopes = scopes,
            Config = config,
        };

        void Put(string name, string? value)
        {
            if (value is { Length: > 0 })
                fields[name] = value;
        }
    }

    private static string? Expiry(JsonElement credentials) =>
        Time(Member(credentials, "expires_at")) is { } at
            ? at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : null;

    /// <summary>A date, or seconds or milliseconds since 1970, as a number or a string.</summary>
    private static DateTimeOffset? Time(JsonElement value)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => "",
        };
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return number is > 0 and < 1e14
                ? DateTimeOffset.UnixEpoch.AddMilliseconds(number < 1e11 ? number * 1_000 : number)
                : null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : null;
    }

    /// <summary>Null when nothing is said; an empty string says nothing.</summary>
    private static List<string>? ScopesOf(JsonElement from)
    {
        foreach (var name in new[] { "scope", "scopes" })
        {
            var value = Member(from, name);
            var texts = value.ValueKind switch
            {
                JsonValueKind.String => [value.GetString()!],
                JsonValueKind.Array => value
                    .EnumerateArray()
                    .Where(s => s.ValueKind == JsonValueKind.String)
                    .Select(s => s.GetString()!)
                    .ToArray(),
                _ => [],
            };
            var scopes = texts
                .SelectMany(t => t.Split([' ', ',', ';', '\n'], StringSplitOptions.RemoveEmptyEntries))
                .Distinct(StringComparer.Ordinal)
                .ToList();
            if (scopes.Count > 0)
                return scopes;
        }

        return null;
    }

    /// <summary>Earlier sources win. Tokens are no configuration.</summary>
    private static Dictionary<string, string> ConfigOf(params ReadOnlySpan<JsonElement> sources)
    {
        var config = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in sources)
        {
            if (source.ValueKind != JsonValueKind.Object)
                continue;
            foreach (var member in source.EnumerateObject())
            {
                var value = member.Value.ValueKind switch
                {
                    JsonValueKind.String => member.Value.GetString()!,
                    JsonValueKind.Number => member.Value.GetRawText(),
                    _ => "",
                };
                if (value.Length > 0 && !member.Name.Contains("token", StringComparison.OrdinalIgnoreCase))
                    config.TryAdd(Plain(member.Name), value);
            }
        }

        return config;
    }

    /// <summary>realmId, realm_id and realm-id are one name.</summary>
    public static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    private static JsonElement Member(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement item, string name) =>
        Member(item, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
