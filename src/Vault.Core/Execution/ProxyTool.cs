using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Core.Execution;

/// <summary>
/// A raw call of a provider's API as a tool that exists for one call. Its input holds method, path, query, headers and
/// body. All checks of a tool apply: quota, approval, ledger, fresh credential, pinned host, classification. The vault
/// does not know what a path does, so GET and HEAD count as writes, because some APIs act on a GET, and everything else
/// as destructive, unless the connection says that it is a write. No call is repeated unless the provider certainly did
/// not act.
/// </summary>
public static class ProxyTool
{
    private const string Suffix = ":proxy";

    private static readonly ImmutableArray<string> Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    // Whose they are: the credential's, the connection's (RFC 9110 7.6.1), the vault's; or a way to say another method,
    // path, host, address or user than those that were checked, to a server that believes its proxies.
    private static readonly ImmutableHashSet<string> Reserved = ImmutableHashSet.Create(
        StringComparer.Ordinal,
        "authorization",
        "cookie",
        "cookie2",
        "proxy-authorization",
        "proxy-authenticate",
        "proxy-connection",
        "http2-settings",
        "proxy",
        "host",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "content-length",
        "content-type",
        "forwarded",
        "via",
        "user-agent",
        "traceparent",
        "tracestate",
        "baggage",
        "x-http-method",
        "x-http-method-override",
        "http-method-override",
        "x-method-override",
        "x-method",
        "x-original-method",
        "x-original-url",
        "x-original-uri",
        "x-original-path",
        "x-original-host",
        "x-rewrite-url",
        "x-rewrite-uri",
        "x-envoy-original-path",
        "x-host",
        "x-http-host-override",
        "x-real-ip",
        "x-real-port",
        "x-client-ip",
        "client-ip",
        "x-cluster-client-ip",
        "x-originating-ip",
        "x-remote-ip",
        "x-remote-addr",
        "remote-addr",
        "x-proxyuser-ip",
        "true-client-ip",
        "fastly-client-ip",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "x-azure-clientip",
        "x-azure-socketip",
        "x-appengine-user-ip",
        "x-envoy-external-address",
        "x-remote-user",
        "remote-user",
        "x-authenticated-user",
        "x-webauth-user",
        "x-client-cert",
        "x-ssl-client-cert",
        "x-client-verify",
        "x-ssl-client-verify"
    );

    // Whatever comes behind them says what a proxy says.
    private static readonly ImmutableArray<string> ReservedFamilies = ["x-forwarded", "x-arr-", "x-auth-request-"];

    /// <summary>No pack can name a tool so: names of tools have no colon.</summary>
    public static string NameOf(string provider) => provider + Suffix;

    public static bool Is(string tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        return tool.EndsWith(Suffix, StringComparison.Ordinal);
    }

    /// <summary>The tool of an order: one of a pack, or the raw call that the input describes.</summary>
    public static Result<Tool> Find(IPacks packs, string name, JsonElement input, string? version = null)
    {
        ArgumentNullException.ThrowIfNull(packs);
        if (!Is(name))
            return (
                version is null ? packs.TryGetTool(name, out var tool) : packs.TryGetVersion(name, version, out tool)
            )
                ? tool
                : new VaultError(ErrorCatalogue.ToolUnknown, $"There is no tool '{name}'.");
        var provider = name[..^Suffix.Length];
        return packs.TryGet(provider, out var pack)
            ? Make(pack, input)
            : new VaultError(ErrorCatalogue.ProviderUnknown, $"There is no provider '{provider}'.");
    }

    /// <summary>
    /// The call as a write, where the connection says that calls with a body are writes. DELETE stays destructive, and
    /// so does whatever asks the provider for another method than its own.
    /// </summary>
    public static Tool AsWrite(Tool tool, JsonElement input)
    {
        ArgumentNullException.ThrowIfNull(tool);
        return tool.Definition.Request.Method == "DELETE" || MethodOverride.IsIn(input)
            ? tool
            : tool with
            {
                Definition = tool.Definition with { Effect = Effect.Write },
            };
    }

    /// <returns><c>tool_input_invalid</c> with all faults.</returns>
    private static Result<Tool> Make(ProviderPack pack, JsonElement input)
    {
        var faults = new List<Violation>();
        var method = Text(input, "method")?.ToUpperInvariant() ?? "GET";
        if (!Methods.Contains(method))
            faults.Add(new("method", "must be one of " + string.Join(", ", Methods)));
        var path = Text(input, "path") ?? "";
        // The query of a call that is streamed goes as it came: order, repetition and spelling are the caller's.
        var rawQuery = Text(input, "raw_query");
        if ((path.Length > 0 || rawQuery is null) && PathFault(path) is { } wrong)
            faults.Add(new("path", wrong));
        if (rawQuery is not null && QueryFault(pack, rawQuery) is { } wrongQuery)
            faults.Add(new("query", wrongQuery));
        var query = Pairs(input, "query").ToList();
        var headers = Pairs(input, "headers").ToList();
        foreach (var (name, value) in headers)
        {
            if (!IsToken(name))
                faults.Add(new("headers", $"has the name '{name}', which is not a header name (RFC 9110 5.1)"));
            else if (
                Reserved.Contains(Spelled(name))
                || ReservedFamilies.Any(f => Spelled(name).StartsWith(f, StringComparison.Ordinal))
                || pack.Details.Api.Auth.Any(a => a.Place == CredentialPlace.Header && Spelled(a.Name) == Spelled(name))
            )
                faults.Add(new("headers", $"may not set '{name}'; the vault does"));
            else if (value.ValueKind != JsonValueKind.String || value.GetString()!.Any(c => c is < ' ' or > '~'))
                faults.Add(new("headers", $"has a value of '{name}' that is not printable ASCII"));
        }

        var credentials = pack
            .Details.Api.Auth.Where(a => a.Place != CredentialPlace.Header)
            .Select(a => a.Name)
            .ToList();
        foreach (var (name, value) in query)
        {
            if (credentials.Contains(name))
                faults.Add(new("query", $"may not set '{name}'; the vault does"));
            else if (
                value.ValueKind
                is not (
                    JsonValueKind.String
                    or JsonValueKind.Number
                    or JsonValueKind.True
                    or JsonValueKind.False
                    or JsonValueKind.Array
                )
            )
                faults.Add(new("query", $"'{name}' must be a string, a number, true, false or a list of them"));
        }

        var body = Body(input, method, faults);
        if (faults.Count > 0)
            return new VaultError(
                ErrorCatalogue.ToolInputInvalid,
                "The raw call cannot be sent: " + faults[0].Path + " " + faults[0].Message
            )
            {
                Violations = faults,
            };
        return new Tool(
            pack,
            new ToolDefinition
            {
                Name = NameOf(pack.Id),
                Version = pack.Version,
                Description = "A raw call.",
                Effect = method is "GET" or "HEAD" && !MethodOverride.IsIn(input) ? Effect.Write : Effect.Destructive,
                Idempotency = Idempotency.None,
                Scopes = ScopeRequirement.None,
                InputSchema = default,
                Request = new ToolRequest
                {
                    Method = method,
                    // Appended to the API's base, never resolved against it. Braces are escaped, because they would be
                    // variables of a template.
                    Url = UrlTemplate.Parse(
                        "/" + Braceless(path) + (string.IsNullOrEmpty(rawQuery) ? "" : "?" + Braceless(rawQuery))
                    ),
                    Query = [.. query.Select(q => new MappedField(q.Name, Constant(q.Value)))],
                    Headers = [.. headers.Select(h => new MappedField(h.Name, Constant(h.Value)))],
                    Body = body,
                },
            },
            Checked.Already
        );
    }

    private static BodyShape? Body(JsonElement input, string method, List<Violation> faults)
    {
        var type = Text(input, "content_type");
        var hasJson = input.TryGetProperty("body", out var json) && json.ValueKind != JsonValueKind.Undefined;
        var base64 = Text(input, "body_base64");
        if (!hasJson && base64 is null)
        {
            if (type is not null)
                faults.Add(new("content_type", "is given without a body"));
            return null;
        }

        if (hasJson && base64 is not null)
            faults.Add(new("body_base64", "is given together with body; give one of them"));
        if (method is "GET" or "HEAD")
            faults.Add(new(hasJson ? "body" : "body_base64", $"cannot go with {method}"));
        if (base64 is not null && type is null)
            faults.Add(new("content_type", "is required with body_base64"));
        if (base64 is not null && !Base64Text.TryDecode(base64, out _, out _))
            faults.Add(new("body_base64", "is not base64 (RFC 4648 4 or 5)"));
        if (
            type is not null
            && (
                type.Length > 200 || !type.Contains('/', StringComparison.Ordinal) || type.Any(c => c is < ' ' or > '~')
            )
        )
            faults.Add(new("content_type", "is not a media type, for example text/csv"));
        var form = base64 is null ? FieldForm.Auto : FieldForm.Base64Bytes;
        var value = base64 is null
            ? (
                json.ValueKind == JsonValueKind.String && type is null
                    ? JsonSerializer.SerializeToElement(json.GetRawText())
                    : json
            )
            : JsonSerializer.SerializeToElement(base64);
        return new BodyShape(
            BodyFormat.Raw,
            [new BodyField(ValuePath.Parse("body"), new FieldSource(null, value, null, form))],
            null,
            null,
            type ?? "application/json"
        );
    }

    private static FieldSource Constant(JsonElement value) => new(null, value, null, FieldForm.Auto);

    private static string? Text(JsonElement input, string name) =>
        input.ValueKind == JsonValueKind.Object
        && input.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static IEnumerable<(string Name, JsonElement Value)> Pairs(JsonElement input, string name) =>
        input.ValueKind == JsonValueKind.Object
        && input.TryGetProperty(name, out var pairs)
        && pairs.ValueKind == JsonValueKind.Object
            ? pairs.EnumerateObject().Select(p => (p.Name, p.Value))
            : [];

    /// <summary>RFC 3986 3.3. A dot segment, in any spelling, would leave the API's base.</summary>
    private static string? PathFault(string path)
    {
        if (path.Length is 0 or > 2_000)
            return "must have 1 to 2000 characters";
        for (var i = 0; i < path.Length; i++)
        {
            if (
                path[i] == '%'
                && (i + 2 >= path.Length || !char.IsAsciiHexDigit(path[i + 1]) || !char.IsAsciiHexDigit(path[i + 2]))
            )
                return "has a '%' that begins no escape";
            if (
                !char.IsAsciiLetterOrDigit(path[i])
                && !"-._~!$&'()*+,;=:@%/{}".Contains(path[i], StringComparison.Ordinal)
            )
                return "has a character that a path cannot hold; escape it (RFC 3986 3.3), and give a query in 'query'";
        }

        return UrlTemplate.HasDotSegment(Uri.UnescapeDataString(path)) ? "has a dot segment" : null;
    }

    private static string Braceless(string text) =>
        text.Replace("{", "%7B", StringComparison.Ordinal).Replace("}", "%7D", StringComparison.Ordinal);

    /// <summary>RFC 3986 3.4. A name of the credential is the vault's, and a key of the vault is nobody
    /// else's.</summary>
    private static string? QueryFault(ProviderPack pack, string query)
    {
        if (query.Length > 16_000 || query.Any(c => c is <= ' ' or > '~' or '#' or '"' or '<' or '>' or '\\'))
            return "has a character that a query cannot hold; escape it (RFC 3986 3.4)";
        if (Uri.UnescapeDataString(query).Contains(Callers.ApiKeyText.Prefix, StringComparison.Ordinal))
            return "holds a key of the vault; send it in a header";
        var names = query.Split('&').Select(p => Uri.UnescapeDataString(p.Split('=')[0].Replace('+', ' ')));
        return
            pack
                .Details.Api.Auth.Where(a => a.Place != CredentialPlace.Header)
                .Select(a => a.Name)
                .Intersect(names, StringComparer.OrdinalIgnoreCase)
                .FirstOrDefault()
                is { } name
            ? $"may not set '{name}'; the vault does"
            : null;
    }

    /// <summary>Whether a header of a caller's request goes to the provider.</summary>
    public static bool Forwards(string name) =>
        Spelled(name) is var spelled
        && (!Reserved.Contains(spelled) || spelled == "user-agent")
        && spelled is not ("accept-encoding" or "origin" or "referer")
        && !spelled.StartsWith("vault-", StringComparison.Ordinal)
        && !spelled.StartsWith("sec-", StringComparison.Ordinal)
        && !ReservedFamilies.Any(f => spelled.StartsWith(f, StringComparison.Ordinal));

    // CGI and WSGI make one variable of both spellings, so X_Api_Key is X-Api-Key to a server behind them.
    private static string Spelled(string name) => name.ToLowerInvariant().Replace('_', '-');

    private static bool IsToken(string name) =>
        name.Length is > 0 and <= 100
        && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    /// <summary>The tool is made from its input, so the input always fits.</summary>
    private sealed class Checked : IInputSchema
    {
        public static readonly Checked Already = new();

        public IReadOnlyList<Violation> Validate(JsonElement input) => [];
    }
}
