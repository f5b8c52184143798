using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

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

        var members = SchemaRewriter
            .InputsOf(schema)
            .Where(m =>
                OpenApiDescription.Text(rewriter.Resolve(m.Schema), "type")
                    is "string"
                        or "integer"
                        or "number"
                        or "boolean"
            )
            .ToList();
        if (members.Count == 0)
            return parameter.Required
                ? throw new NotExpressibleException(
                    Reasons.Parameter,
                    $"'{parameter.Name}' is an object with members that are not scalars"
                )
                : true;
        foreach (var (member, inner) in members)
        {
            var name = Name(parameter.Name + "_" + member);
            Property(name, Schema(inner, null, 300), false);
            Query[$"{parameter.Name}[{member}]"] = name;
        }

        return true;
    }
}

/// <summary>
/// Adds the body to a tool's inputs: the members of an object become inputs; any other body is one input.
/// </summary>
internal static class ToolBody
{
    public static void Add(ToolInputs inputs, DescribedBody body, int text)
    {
        var schema = inputs.Rewriter.Resolve(body.Schema);
        if (body.Format == BodyFormat.Raw)
        {
            Raw(inputs, body, text);
            return;
        }

        var written = schema.ValueKind == JsonValueKind.Object ? inputs.Rewriter.Write(schema) : [];
        // Truncated at the budget: the caller retries with less detail, so this result is discarded.
        if (inputs.Rewriter.Over)
            return;
        // An optional body without members (Stripe's DELETEs) is left out.
        if (!body.Required && IsEmpty(schema))
            return;
        if (written["properties"] is JsonObject properties && written["anyOf"] is null)
            Members(inputs, body, written, properties);
        else if (
            written["type"] is JsonValue type
            && type.TryGetValue<string>(out var word)
            && word == "array"
            && body.Format == BodyFormat.Json
        )
        {
            var name = inputs.Name("body");
            inputs.Property(name, Described(written, body, text), body.Required);
            inputs.Body = new JsonObject
            {
                ["format"] = "raw",
                ["media_type"] = body.MediaType ?? "application/json",
                ["fields"] = new JsonObject { ["body"] = name },
            };
        }
        else if (
            written["type"] is JsonValue plain && plain.TryGetValue<string>(out var kind) && kind is not "object"
            || body.Format != BodyFormat.Json
        )
        {
            if (written.Count == 0 && !body.Required)
                return;
            throw new NotExpressibleException(Reasons.Body, "its body is neither an object nor a list");
        }
        else
        {
            if (!written.ContainsKey("anyOf") && !written.ContainsKey("allOf") && !written.ContainsKey("$ref"))
                written["type"] = "object";
            var name = inputs.Name("body");
            inputs.Property(name, Described(written, body, text), body.Required);
            inputs.Body = Format(body);
            inputs.Body["spread"] = name;
        }
    }

    private static bool IsEmpty(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && OpenApiDescription.Text(schema, "type") is "object" or null
        && schema.TryGetProperty("properties", out var properties)
        && properties.ValueKind == JsonValueKind.Object
        && !properties.EnumerateObject().Any()
        && (!schema.TryGetProperty("additionalProperties", out var more) || more.ValueKind == JsonValueKind.False)
        && !schema.EnumerateObject().Any(m => m.Name is "allOf" or "anyOf" or "oneOf");

    private static void Members(ToolInputs inputs, DescribedBody body, JsonObject written, JsonObject properties)
    {
        var required = written["required"] is JsonArray list ? list.Select(r => r!.GetValue<string>()).ToHashSet() : [];
        var files = body.Format == BodyFormat.Multipart ? Files(inputs, body.Schema) : [];
        var (request, fields) = (Format(body), new JsonObject());
        foreach (var (given, schema) in properties.ToList())
        {
            if (files.Contains(given))
                continue;
            var name = inputs.Name(given);
            properties.Remove(given);
            inputs.Property(name, (JsonObject)schema!, body.Required && required.Contains(given));
            var isList =
                body.Deep.Contains(given)
                && schema!["type"] is JsonValue type
                && type.TryGetValue<string>(out var word)
                && word == "array";
            fields[Place(isList ? given + "[]" : given)] = name;
        }

        request["fields"] = fields;
        if (files.Count > 1)
            throw new NotExpressibleException(
                Reasons.Multipart,
                "it takes several files: " + string.Join(", ", files.Take(4))
            );
        if (files.Count == 1)
        {
            var (content, fileName) = (inputs.Name(files[0] + "_base64"), inputs.Name(files[0] + "_name"));
            inputs.Property(
                content,
                new JsonObject { ["type"] = "string", ["description"] = "The file's bytes as base64." },
                true
            );
            inputs.Property(
                fileName,
                new JsonObject { ["type"] = "string", ["description"] = "The file's name, with its ending." },
                true
            );
            request["file"] = new JsonObject
            {
                ["part"] = files[0],
                ["content"] = content,
                ["base64"] = true,
                ["file_name"] = fileName,
            };
        }

        inputs.Body = request;
    }

    private static List<string> Files(ToolInputs inputs, JsonElement schema)
    {
        var files = new List<string>();
        foreach (var (name, property) in SchemaRewriter.InputsOf(inputs.Rewriter.Resolve(schema)))
        {
            var value = inputs.Rewriter.Resolve(property);
            if (IsBinary(value))
                files.Add(name);
            else if (
                value.ValueKind == JsonValueKind.Object
                && value.TryGetProperty("items", out var items)
                && IsBinary(inputs.Rewriter.Resolve(items))
            )
                throw new NotExpressibleException(Reasons.Multipart, $"'{name}' is a list of files");
        }

        return files;
    }

    private static bool IsBinary(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && (
            OpenApiDescription.Text(schema, "format") is "binary"
            || OpenApiDescription.Text(schema, "contentMediaType") is not null
                && OpenApiDescription.Text(schema, "contentEncoding") is null
        );

    private static void Raw(ToolInputs inputs, DescribedBody body, int text)
    {
        var plain = body.MediaType!.StartsWith("text/", StringComparison.Ordinal);
        var name = inputs.Name(plain ? "body" : "content_base64");
        inputs.Property(
            name,
            Described(
                new JsonObject
                {
                    ["type"] = "string",
                    ["description"] = plain ? "The text to send." : "The bytes to send, as base64.",
                },
                body,
                text
            ),
            body.Required
        );
        inputs.Body = new JsonObject
        {
            ["format"] = "raw",
            ["media_type"] = body.MediaType,
            ["fields"] = new JsonObject
            {
                ["body"] = plain ? name : new JsonObject { ["from"] = name, ["form"] = "base64_bytes" },
            },
        };
    }

    private static JsonObject Described(JsonObject schema, DescribedBody body, int text)
    {
        if (Sentences.Cut(body.Description, text) is { Length: > 0 } cut)
            schema["description"] = cut;
        return schema;
    }

    private static JsonObject Format(DescribedBody body)
    {
        var request = new JsonObject { ["format"] = body.Format.ToString().ToLowerInvariant() };
        if (body.MediaType is not null && body.Format == BodyFormat.Json)
            request["media_type"] = body.MediaType;
        return request;
    }

    /// <summary>A name with a dot would be read as nesting, so it is written as a pointer.</summary>
    private static string Place(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '[' or ']') && !name.All(char.IsAsciiDigit)
            ? name
            : "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
