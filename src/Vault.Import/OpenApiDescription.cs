using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Import;

/// <summary>OpenAPI 3.0, 3.1 and Swagger 2, read path by path (https://spec.openapis.org/oas/).</summary>
internal sealed class OpenApiDescription(JsonSlices document) : IDescription
{
    private static readonly string[] Methods = ["get", "put", "post", "patch", "delete", "head", "options", "trace"];

    private static readonly string[] ItemMembers = ["$ref", "summary", "description", "servers", "parameters"];

    private readonly bool _swagger = document.Has("/swagger");
    private readonly OpenApiSecurity _security = new(document);

    public string Format => _swagger ? "swagger 2.0" : "openapi " + document.Read("/openapi");

    public string Title => document.Text("/info/title") ?? "";

    public string? Server
    {
        get
        {
            if (!_swagger)
                return ServerOf(document.Read("/servers"));
            if (document.Text("/host") is not { } host)
                return document.Text("/basePath");
            var schemes = document.Read("/schemes");
            var scheme =
                schemes.ValueKind == JsonValueKind.Array
                && schemes.EnumerateArray().All(s => s.ValueKind == JsonValueKind.String && s.GetString() == "http")
                && schemes.GetArrayLength() > 0
                    ? "http"
                    : "https";
            return $"{scheme}://{host}{document.Text("/basePath")?.TrimEnd('/')}";
        }
    }

    public bool HasWebhooks => document.Has("/webhooks");

    public OpenApiSecurity Security => _security;

    public JsonElement Resolve(string reference) =>
        reference.StartsWith("#/", StringComparison.Ordinal)
            ? document.Read(Uri.UnescapeDataString(reference[1..]))
            : default;

    /// <summary>Method, path and id of every operation, without reading their schemas.</summary>
    public IEnumerable<(string Method, string Path, string? Id)> Names()
    {
        foreach (var path in document.Members("/paths"))
        {
            foreach (var (method, at) in MethodsOf(path))
                yield return (method.ToUpperInvariant(), path, document.Text($"{at}/{method}/operationId"));
        }
    }

    public IEnumerable<DescribedOperation> Operations()
    {
        foreach (var path in document.Members("/paths"))
        {
            var (items, lost) = ItemsOf(path);
            if (lost is not null)
                yield return Refused("*", path, new Refusal(Reasons.Reference, $"'{lost}' is not in the document"));
            foreach (var (method, at) in MethodsOf(path))
                yield return Read(path, method, document.Read($"{at}/{method}"), at);
            foreach (
                var other in items
                    .SelectMany(MembersOf)
                    .Where(m => !Methods.Contains(m) && !ItemMembers.Contains(m))
                    .Where(m => !m.StartsWith("x-", StringComparison.Ordinal))
                    .Distinct(StringComparer.Ordinal)
            )
                yield return Refused(
                    other.ToUpperInvariant(),
                    path,
                    new Refusal(Reasons.Method, "it is not a method that a tool can use")
                );
        }
    }

    private static DescribedOperation Refused(string method, string path, Refusal refusal) =>
        new()
        {
            Method = method,
            Path = path,
            Refusal = refusal,
        };

    /// <summary>The methods of a path, each with the pointer to the path item that has it.</summary>
    private IEnumerable<(string Method, string At)> MethodsOf(string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var at in ItemsOf(path).Items)
        foreach (var method in MembersOf(at).Where(Methods.Contains))
            if (seen.Add(method))
                yield return (method, at);
    }

    // The index does not reach everywhere that a reference may lead.
    private IEnumerable<string> MembersOf(string at) =>
        document.Members(at) is { Count: > 0 } known ? known
        : document.Read(at) is { ValueKind: JsonValueKind.Object } item ? item.EnumerateObject().Select(m => m.Name)
        : [];

    /// <summary>
    /// The pointers to a path's item: its own members, then those of the item that its <c>$ref</c> names (OpenAPI 3.1
    /// 4.8.9), and so on. A reference that leads nowhere is returned as lost.
    /// </summary>
    private (List<string> Items, string? Lost) ItemsOf(string path)
    {
        var items = new List<string> { JsonSlices.Child("/paths", path) };
        while (items.Count < 8 && Text(document.Read(items[^1]), "$ref") is { } reference)
        {
            var at = reference.StartsWith('#') ? Uri.UnescapeDataString(reference[1..]) : "";
            if (at.Length == 0 || items.Contains(at) || document.Read(at).ValueKind != JsonValueKind.Object)
                return (items, reference);
            items.Add(at);
        }

        return (items, null);
    }

    private DescribedOperation Read(string path, string method, JsonElement operation, string at)
    {
        if (operation.ValueKind != JsonValueKind.Object)
            return new DescribedOperation
            {
                Method = method.ToUpperInvariant(),
                Path = path,
                Refusal = new Refusal(Reasons.Schema, "it is not an object"),
            };
        var plain = new DescribedOperation
        {
            Method = method.ToUpperInvariant(),
            Path = path,
            Id = Text(operation, "operationId"),
            Summary = Text(operation, "summary"),
            Description = Text(operation, "description"),
            DocsUrl = operation.TryGetProperty("externalDocs", out var docs) ? Text(docs, "url") : null,
            Deprecated = Flag(operation, "deprecated"),
            Tags = [.. Texts(operation, "tags")],
            Server = ServerOf(
                operation.TryGetProperty("servers", out var servers) ? servers : document.Read(at + "/servers")
            ),
        };
        try
        {
            if (plain.Method is "HEAD" or "OPTIONS" or "TRACE")
                return plain with { Refusal = new Refusal(Reasons.Method, "it reads no data") };
            if (
                operation.TryGetProperty("callbacks", out var callbacks)
                && callbacks.ValueKind == JsonValueKind.Object
                && callbacks.EnumerateObject().Any()
            )
                return plain with { Refusal = new Refusal(Reasons.Callback, "the provider calls a URL of the caller") };
            var reading = new OpenApiParameters(this, _swagger);
            var parameters = reading.Read(document.Read(at + "/parameters"), operation);
            return plain with
            {
                Parameters = parameters,
                LeftOut = [.. reading.LeftOut],
                Body = _swagger
                    ? reading.SwaggerBody(
                        Texts(operation, "consumes").DefaultIfEmpty(FirstText("/consumes")).OfType<string>()
                    )
                    : OpenApiBodies.Body(this, operation),
                Accept = _swagger ? "application/json" : OpenApiBodies.Accept(this, operation),
                Scopes = _security.Scopes(operation),
                Annotated = Text(operation, "x-vault-effect") switch
                {
                    "read" => Effect.Read,
                    "write" => Effect.Write,
                    "destructive" => Effect.Destructive,
                    _ => null,
                },
            };
        }
        catch (NotExpressibleException e)
        {
            return plain with { Refusal = e.Refusal };
        }
        catch (InvalidOperationException)
        {
            return plain with { Refusal = new Refusal(Reasons.Schema, "it does not conform to its specification") };
        }
    }

    /// <summary>Resolves a reference; returns any other value unchanged.</summary>
    public JsonElement Follow(JsonElement value)
    {
        for (var i = 0; i < 8 && value.ValueKind == JsonValueKind.Object && Text(value, "$ref") is { } reference; i++)
        {
            value = Resolve(reference);
            if (value.ValueKind == JsonValueKind.Undefined)
                throw new NotExpressibleException(Reasons.Reference, $"'{reference}' is not in the document");
        }

        return value;
    }

    public static string? Text(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var text)
        && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;

    public static bool Flag(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var flag)
        && flag.ValueKind == JsonValueKind.True;

    public static ImmutableArray<string> Texts(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var list)
        && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)]
            : [];

    private string? FirstText(string pointer) =>
        document.Read(pointer) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
            ? list[0].GetString()
            : null;

    /// <summary>The first server, with the defaults of its variables.</summary>
    private static string? ServerOf(JsonElement servers)
    {
        if (
            servers.ValueKind != JsonValueKind.Array
            || servers.GetArrayLength() == 0
            || Text(servers[0], "url") is not { } url
        )
            return null;
        if (servers[0].TryGetProperty("variables", out var variables) && variables.ValueKind == JsonValueKind.Object)
        {
            foreach (var variable in variables.EnumerateObject())
            {
                if (Text(variable.Value, "default") is { } standard)
                    url = url.Replace("{" + variable.Name + "}", standard, StringComparison.Ordinal);
            }
        }

        return url.TrimEnd('/');
    }
}
