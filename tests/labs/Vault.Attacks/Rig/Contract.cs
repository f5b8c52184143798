using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Vault.Core.Packs.Schema;

namespace Vault.Attacks.Rig;

/// <summary>One operation as the served document tells it.</summary>
internal sealed record Route(string Method, string Path, string Id, JsonObject Node, Regex Pattern)
{
    public bool NeedsKey => Node["security"] is not null;

    public JsonObject? Body => Node["requestBody"]?["content"]?["application/json"]?["schema"] as JsonObject;

    public IEnumerable<(string Name, string In, bool Required, JsonObject Schema)> Parameters =>
        (Node["parameters"] as JsonArray ?? []).Select(p =>
            (
                p!["name"]!.GetValue<string>(),
                p["in"]!.GetValue<string>(),
                p["required"]!.GetValue<bool>(),
                (JsonObject)p["schema"]!
            )
        );

    public IEnumerable<string> Properties => (Body?["properties"] as JsonObject)?.Select(p => p.Key) ?? [];
}

/// <summary>The OpenAPI document, and whether an answer keeps to it.</summary>
internal sealed class Contract
{
    private readonly Dictionary<(string Route, string Status), JsonSchema> _schemas = [];

    private Contract(IReadOnlyList<Route> routes) => Routes = routes;

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>
    /// Answer schemas that the checker cannot read; those answers are held to their status and kind only.
    /// </summary>
    public int Unread { get; private set; }

    public static async Task<Contract> ReadAsync(AttackRig rig)
    {
        var document = JsonNode.Parse((await rig.GetAsync("/openapi/v1.json", null)).Body)!;
        var problem = document["components"]!["schemas"]!["Problem"]!;
        var routes = new List<Route>();
        foreach (var (path, methods) in document["paths"]!.AsObject())
        foreach (var (method, node) in methods!.AsObject())
        {
            // Routes are matched without regard to case, and with a slash at the end.
            var pattern = new Regex(
                "^"
                    + Regex.Replace(Regex.Escape(path).Replace("\\{", "{", StringComparison.Ordinal), @"\{\w+}", m =>
                        m.Value is "{path}" or "{rest}" ? ".+" : "[^/:]+"
                    )
                    + "/?$",
                RegexOptions.IgnoreCase
            );
            routes.Add(
                new Route(
                    method.ToUpperInvariant(),
                    path,
                    node!["operationId"]!.GetValue<string>(),
                    (JsonObject)node,
                    pattern
                )
            );
        }

        var contract = new Contract(routes);
        foreach (var route in routes)
        foreach (var (status, response) in route.Node["responses"]!.AsObject())
        {
            var content = response!
                ["content"]
                ?.AsObject()
                .FirstOrDefault(c => c.Key is "application/json" or "application/problem+json")
                .Value;
            if (content?["schema"] is not JsonObject schema)
                continue;
            contract.Learn(route.Id, status, schema["$ref"] is null ? schema : (JsonObject)problem);
        }

        return contract;
    }

    private void Learn(string route, string status, JsonObject schema)
    {
        if (
            JsonSchema.TryCompile(
                JsonSerializer.SerializeToElement(schema),
                closed: true,
                out var compiled,
                out ImmutableArray<Vault.Core.Errors.Violation> _
            )
        )
            _schemas[(route, status)] = compiled;
        else
            Unread++;
    }

    /// <summary>What is wrong with the answer; null when it keeps to the document.</summary>
    public string? Fault(Route route, Answer answer)
    {
        if (answer.Status >= 500 && answer.Status is not (502 or 503 or 504))
            return $"a {answer.Status}";
        var status = answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (route.Node["responses"]![status] is not JsonObject response)
            return $"status {status} is not in the document";
        var kinds = response["content"]?.AsObject().Select(c => c.Key).ToList() ?? [];
        if (answer.Body.Length > 0 && kinds.Count > 0 && answer.ContentType is { } kind && !kinds.Contains(kind))
            return $"status {status} comes as {kind} instead of {string.Join(" or ", kinds)}";
        if (answer.Text.Contains("   at Vault.", StringComparison.Ordinal))
            return "a stack trace";
        if (!_schemas.TryGetValue((route.Id, status), out var schema) || answer.Json is not { } json)
            return null;
        if (
            response["x-codes"] is JsonArray codes
            && !codes.Any(c => c!.GetValue<string>() == json.GetProperty("code").GetString())
        )
            return $"code {json.GetProperty("code")} is not documented with status {status}";
        return schema.Validate(json) is [var first, ..]
            ? $"the answer {status} does not fit its schema at {first.Path}: {first.Message}"
            : null;
    }
}
