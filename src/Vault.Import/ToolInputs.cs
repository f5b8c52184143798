using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vault.Import;

/// <summary>The inputs of one tool: their schema and their position in the request.</summary>
internal sealed class ToolInputs(SchemaRewriter rewriter)
{
    private readonly JsonObject _properties = [];
    private readonly JsonArray _required = [];
    private readonly Dictionary<string, string> _places = new(StringComparer.Ordinal);

    public JsonObject Path { get; } = [];

    public JsonObject Query { get; } = [];

    public JsonObject Headers { get; } = [];

    public JsonObject? Body { get; set; }

    /// <summary>Input names by the name of the body parameter.</summary>
    public Dictionary<string, string> InBody { get; } = new(StringComparer.Ordinal);

    /// <summary>The idempotency key header, if there is one; the vault sets it.</summary>
    public string? KeyHeader { get; private set; }

    public SchemaRewriter Rewriter => rewriter;

    /// <param name="acts">The operation changes something, so the vault sets the idempotency key.</param>
    public void Add(DescribedParameter parameter, bool acts, int text)
    {
        if (!parameter.Fits)
            return;
        if (
            parameter.In == ParameterPlace.Header
            && acts
            && parameter.Name.ToLowerInvariant() is "idempotency-key" or "x-idempotency-key" or "idempotence-key"
        )
        {
            KeyHeader = parameter.Name;
            return;
        }

        if (parameter.DeepObject && Deep(parameter))
            return;
        var name = Name(parameter.Name);
        var schema = Schema(parameter.Schema, parameter.Description, text);
        if (
            parameter.In is ParameterPlace.Path or ParameterPlace.Header
            && !schema.ContainsKey("type")
            && !schema.ContainsKey("$ref")
            && !schema.ContainsKey("anyOf")
        )
            schema["type"] = "string";
        Property(name, schema, parameter.Required);
        var source = parameter.Form is { } form ? new JsonObject { ["from"] = name, ["form"] = form } : (JsonNode)name;
        switch (parameter.In)
        {
            case ParameterPlace.Path:
                _places[parameter.Name] = name;
                Path[name] = source;
                break;
            case ParameterPlace.Query:
                Query[parameter.Name] = source;
                break;
            case ParameterPlace.Header:
                Headers[parameter.Name] = source;
                break;
            default:
                InBody[parameter.Name] = name;
                break;
        }
    }

    /// <summary>A unique input name that consists of characters every model's API accepts.</summary>
    public string Name(string given)
    {
        var name = new string([.. given.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_')]).Trim('_');
        if (name.Length == 0)
            name = "input";
        if (name.Length > 60)
            name = name[..60];
        var candidate = name;
        for (var i = 2; _properties.ContainsKey(candidate); i++)
            candidate = $"{name}_{i}";
        return candidate;
    }

    public void Property(string name, JsonObject schema, bool required)
    {
        _properties[name] = schema;
        if (required)
            _required.Add((JsonNode)name);
    }

    public JsonObject Schema(JsonElement schema, string? description, int text)
    {
        var written =
            schema.ValueKind == JsonValueKind.Object ? rewriter.Write(schema) : new JsonObject { ["type"] = "string" };
        if (Sentences.Cut(description, text) is { Length: > 0 } cut)
            written["description"] = cut;
        return written;
    }

    public JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "object", ["properties"] = _properties };
        if (_required.Count > 0)
            schema["required"] = _required;
        schema["additionalProperties"] = false;
        return schema;
    }

    /// <summary>
    /// Replaces a URL's parameter names with input names, in one pass: a new name may equal another parameter's old
    /// name.
    /// </summary>
    public string Rename(string url) =>
        string.Concat(
            url.Split('{')
                .Select(
                    (part, i) =>
                    {
                        var end = part.IndexOf('}', StringComparison.Ordinal);
                        if (i == 0)
                            return part;
                        return "{"
                            + (end >= 0 && _places.TryGetValue(part[..end], out var name) ? name + part[end..] : part);
                    }
                )
        );

    /// <summary>
    /// <c>created[gt]=1</c>: every scalar member becomes an input; a list of scalars repeats <c>name[]</c>.
    /// </summary>
    private bool Deep(DescribedParameter parameter)
    {
        var schema = rewriter.Resolve(parameter.Schema);
        if (schema.ValueKind != JsonValueKind.Object)
            return false;
        if (schema.TryGetProperty("anyOf", out var branches) && branches.ValueKind == JsonValueKind.Array)
            schema = branches
                .EnumerateArray()
                .Select(rewriter.Resolve)
                .FirstOrDefault(b => b.ValueKind == JsonValueKind.Object && b.TryGetProperty("properties", out _));
        if (schema.ValueKind != JsonValueKind.Object)
            return false;
        if (OpenApiDescription.Text(schema, "type") == "array")
        {
            var name = Name(parameter.Name);
            Property(name, Schema(schema, parameter.Description, 300), parameter.Required);
            Query[parameter.Name + "[]"] = name;
            return true;
        }

        var members = SchemaRewriter.InputsOf(schema).ToList();
        // Members that are scalars become inputs of their own. With any other member, or with free ones, the object is
        // one input that is written out when the call is made.
        if (members.Count == 0 || !members.TrueForAll(m => IsScalar(rewriter.Resolve(m.Schema))))
        {
            var whole = Name(parameter.Name);
            Property(whole, Schema(parameter.Schema, parameter.Description, 300), parameter.Required);
            Query[parameter.Name] = new JsonObject { ["from"] = whole, ["form"] = "deep" };
            return true;
        }

        foreach (var (member, inner) in members)
        {
            var name = Name(parameter.Name + "_" + member);
            Property(name, Schema(inner, null, 300), false);
            Query[$"{parameter.Name}[{member}]"] = name;
        }

        return true;
    }

    private static bool IsScalar(JsonElement schema) =>
        OpenApiDescription.Text(schema, "type") is "string" or "integer" or "number" or "boolean";
}
