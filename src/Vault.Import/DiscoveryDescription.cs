using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Import;

/// <summary>A Google Discovery document (https://developers.google.com/discovery/v1/reference/apis).</summary>
internal sealed class DiscoveryDescription(JsonSlices document) : IDescription
{
    public string Format => "discovery " + (document.Text("/discoveryVersion") ?? "v1");

    public string Title => document.Text("/title") ?? document.Text("/name") ?? "";

    public string? Server =>
        (
            document.Text("/rootUrl") is { } root
                ? root.TrimEnd('/') + "/" + document.Text("/servicePath")
                : document.Text("/baseUrl")
        )?.TrimEnd('/');

    public JsonElement Resolve(string reference) => document.Read(JsonSlices.Child("/schemas", reference));

    public IEnumerable<(string Method, string Path, string? Id)> Names() =>
        Methods().Select(m => (MethodOf(m), PathOf(m), OpenApiDescription.Text(m, "id")));

    public IEnumerable<DescribedOperation> Operations() => Methods().Select(Read);

    private IEnumerable<JsonElement> Methods()
    {
        foreach (var name in document.Members("/methods"))
            yield return document.Read(JsonSlices.Child("/methods", name));
        foreach (var name in document.Members("/resources"))
        {
            foreach (var method in Below(document.Read(JsonSlices.Child("/resources", name)), 0))
                yield return method;
        }
    }

    private static IEnumerable<JsonElement> Below(JsonElement resource, int depth)
    {
        if (resource.ValueKind != JsonValueKind.Object || depth > 16)
            yield break;
        if (resource.TryGetProperty("methods", out var methods) && methods.ValueKind == JsonValueKind.Object)
        {
            foreach (var method in methods.EnumerateObject())
                yield return method.Value;
        }

        if (!resource.TryGetProperty("resources", out var inner) || inner.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var method in inner.EnumerateObject().SelectMany(r => Below(r.Value, depth + 1)))
            yield return method;
    }

    private static string MethodOf(JsonElement method) => OpenApiDescription.Text(method, "httpMethod") ?? "GET";

    /// <summary>
    /// The flat path has one parameter per segment. The other path takes several segments as one value, which would
    /// have to stay unescaped.
    /// </summary>
    private static string PathOf(JsonElement method) =>
        "/"
        + (OpenApiDescription.Text(method, "flatPath") ?? OpenApiDescription.Text(method, "path") ?? "").TrimStart('/');

    private static DescribedOperation Read(JsonElement method)
    {
        if (method.ValueKind != JsonValueKind.Object)
            return new DescribedOperation
            {
                Method = "GET",
                Path = "/",
                Refusal = new Refusal(Reasons.Schema, "it is not an object"),
            };
        var path = PathOf(method);
        var plain = new DescribedOperation
        {
            Method = MethodOf(method),
            Path = path,
            Id = OpenApiDescription.Text(method, "id"),
            Description = OpenApiDescription.Text(method, "description"),
            Deprecated = OpenApiDescription.Flag(method, "deprecated"),
            Tags =
                OpenApiDescription.Text(method, "id") is { } id && id.Split('.') is { Length: > 2 } words
                    ? [words[1]]
                    : [],
        };
        if (plain.Method is not ("GET" or "POST" or "PUT" or "PATCH" or "DELETE"))
            return plain with { Refusal = new Refusal(Reasons.Method, plain.Method) };
        if (path.Contains("{+", StringComparison.Ordinal))
            return plain with
            {
                Refusal = new Refusal(
                    Reasons.Parameter,
                    "its path takes several segments as one value, and it has no flat path"
                ),
            };
        var body =
            method.TryGetProperty("request", out var request) && request.ValueKind == JsonValueKind.Object
                ? new DescribedBody(BodyFormat.Json, null, request, true, null, DescribedBody.Plain)
                : null;
        if (body is null && method.TryGetProperty("mediaUpload", out _))
            return plain with
            {
                Refusal = new Refusal(Reasons.Multipart, "it takes only a file, with a special upload protocol"),
            };
        return plain with { Parameters = [.. Parameters(method, path)], Body = body, Scopes = Scopes(method) };
    }

    private static IEnumerable<DescribedParameter> Parameters(JsonElement method, string path)
    {
        if (!method.TryGetProperty("parameters", out var parameters) || parameters.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var parameter in parameters.EnumerateObject())
        {
            var inPath = OpenApiDescription.Text(parameter.Value, "location") == "path";
            if (inPath && !path.Contains("{" + parameter.Name + "}", StringComparison.Ordinal))
                continue;
            var schema = OpenApiDescription.Flag(parameter.Value, "repeated")
                ? JsonSerializer.SerializeToElement(
                    new JsonObject { ["type"] = "array", ["items"] = JsonNode.Parse(parameter.Value.GetRawText()) }
                )
                : parameter.Value;
            yield return new DescribedParameter(
                parameter.Name,
                inPath ? ParameterPlace.Path : ParameterPlace.Query,
                inPath || OpenApiDescription.Flag(parameter.Value, "required"),
                schema,
                null,
                OpenApiDescription.Text(parameter.Value, "description")
            );
        }
    }

    /// <summary>
    /// Any one of the scopes is enough. The least powerful comes first: a read-only one, then the longest name, because
    /// it is the most specific.
    /// </summary>
    private static ImmutableArray<ImmutableArray<string>> Scopes(JsonElement method)
    {
        var scopes = OpenApiDescription.Texts(method, "scopes");
        if (scopes.Length == 0)
            return [];
        return
        [
            [
                .. scopes
                    .OrderByDescending(s => s.EndsWith("readonly", StringComparison.Ordinal))
                    .ThenByDescending(s => s.Length)
                    .ThenBy(s => s, StringComparer.Ordinal),
            ],
        ];
    }
}
