using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vault.Import;

internal sealed record GraphQlField(string Type, string? Description, bool HasDefault);

/// <param name="Kind">type, interface, input, enum, scalar or union.</param>
internal sealed record GraphQlType(
    string Name,
    string Kind,
    string? Description,
    Dictionary<string, GraphQlField> Fields,
    List<string> Values
);

/// <summary>
/// The types of a GraphQL schema, from SDL or from an introspection (https://spec.graphql.org/October2021/).
/// </summary>
internal sealed class GraphQlSchema
{
    private readonly Dictionary<string, GraphQlType> _types = new(StringComparer.Ordinal);

    public Dictionary<string, string> Roots { get; } =
        new(StringComparer.Ordinal)
        {
            ["query"] = "Query",
            ["mutation"] = "Mutation",
            ["subscription"] = "Subscription",
        };

    public GraphQlType? Find(string name) => _types.GetValueOrDefault(name);

    /// <exception cref="FormatException">Not a valid schema; the message has the line.</exception>
    public static GraphQlSchema Read(string sdl)
    {
        var schema = new GraphQlSchema();
        var tokens = new GraphQlTokens(sdl);
        while (tokens.Current.Kind != GraphQlKind.End)
            schema.Definition(tokens);
        return schema;
    }

    public static GraphQlSchema Read(JsonElement introspection)
    {
        var schema = new GraphQlSchema();
        var root = introspection.TryGetProperty("data", out var data) ? data : introspection;
        if (!root.TryGetProperty("__schema", out var given))
            throw new FormatException("the introspection has no __schema");
        foreach (var kind in new[] { "query", "mutation", "subscription" })
        {
            if (given.TryGetProperty(kind + "Type", out var type) && OpenApiDescription.Text(type, "name") is { } name)
                schema.Roots[kind] = name;
        }

        if (!given.TryGetProperty("types", out var types))
            throw new FormatException("the introspection has no types");
        foreach (var type in types.EnumerateArray())
        {
            var made = new GraphQlType(
                NameOf(type),
                KindOf(OpenApiDescription.Text(type, "kind")),
                OpenApiDescription.Text(type, "description"),
                new(StringComparer.Ordinal),
                []
            );
            foreach (var list in new[] { "fields", "inputFields" })
            {
                if (!type.TryGetProperty(list, out var fields) || fields.ValueKind != JsonValueKind.Array)
                    continue;
                foreach (var field in fields.EnumerateArray())
                    made.Fields[NameOf(field)] = new GraphQlField(
                        TypeOf(field, "type"),
                        OpenApiDescription.Text(field, "description"),
                        OpenApiDescription.Text(field, "defaultValue") is not null
                    );
            }

            if (type.TryGetProperty("enumValues", out var values) && values.ValueKind == JsonValueKind.Array)
                made.Values.AddRange(values.EnumerateArray().Select(NameOf));
            schema._types[made.Name] = made;
        }

        return schema;
    }

    /// <summary>The JSON Schema of an input; a reference for a named type.</summary>
    public JsonObject Schema(string type)
    {
        type = type.TrimEnd('!');
        if (type.StartsWith('['))
            return new JsonObject { ["type"] = "array", ["items"] = Schema(type[1..^1]) };
        return type switch
        {
            "String" or "ID" => new JsonObject { ["type"] = "string" },
            "Int" => new JsonObject { ["type"] = "integer" },
            "Float" => new JsonObject { ["type"] = "number" },
            "Boolean" => new JsonObject { ["type"] = "boolean" },
            _ => Find(type) is { Kind: "input" or "enum" } ? new JsonObject { ["$ref"] = type } : [],
        };
    }

    /// <summary>Resolves a reference; undefined for a custom scalar, which accepts any value.</summary>
    public JsonElement Resolve(string name)
    {
        if (Find(name) is not { } type)
            return default;
        var schema = new JsonObject();
        if (type.Description is not null)
            schema["description"] = type.Description;
        if (type.Kind == "enum")
        {
            schema["type"] = "string";
            schema["enum"] = new JsonArray([.. type.Values.Select(v => (JsonNode)v)]);
            return JsonSerializer.SerializeToElement(schema);
        }

        var properties = new JsonObject();
        foreach (var (field, given) in type.Fields)
        {
            var written = Schema(given.Type);
            if (given.Description is not null)
                written["description"] = given.Description;
            properties[field] = written;
        }

        schema["type"] = "object";
        schema["properties"] = properties;
        schema["required"] = new JsonArray([
            .. type.Fields.Where(f => f.Value.Type.EndsWith('!') && !f.Value.HasDefault).Select(f => (JsonNode)f.Key),
        ]);
        schema["additionalProperties"] = false;
        return JsonSerializer.SerializeToElement(schema);
    }

    private void Definition(GraphQlTokens tokens)
    {
        var description = Description(tokens);
        tokens.Take("extend");
        var word = tokens.Name();
        switch (word)
        {
            case "schema":
                tokens.SkipDirectives();
                tokens.Expect("{");
                while (!tokens.Take("}"))
                {
                    Description(tokens);
                    var root = tokens.Name();
                    tokens.Expect(":");
                    Roots[root] = tokens.Name();
                }

                break;
            case "directive":
                tokens.Expect("@");
                tokens.Name();
                if (tokens.Is("("))
                    tokens.SkipGroup();
                tokens.Take("repeatable");
                tokens.Expect("on");
                Alternatives(tokens);
                break;
            case "scalar":
                Add(tokens.Name(), word, description);
                tokens.SkipDirectives();
                break;
            case "union":
                Add(tokens.Name(), word, description);
                tokens.SkipDirectives();
                if (tokens.Take("="))
                    Alternatives(tokens);
                break;
            case "type" or "interface" or "input" or "enum":
                Members(tokens, Add(tokens.Name(), word, description));
                break;
            default:
                throw tokens.Wrong($"'{word}' does not begin a definition");
        }
    }

    private static void Members(GraphQlTokens tokens, GraphQlType type)
    {
        if (tokens.Take("implements"))
        {
            tokens.Take("&");
            do tokens.Name();
            while (tokens.Take("&"));
        }

        tokens.SkipDirectives();
        if (!tokens.Take("{"))
            return;
        while (!tokens.Take("}"))
        {
            var description = Description(tokens);
            var name = tokens.Name();
            if (type.Kind == "enum")
                type.Values.Add(name);
            else
            {
                if (tokens.Is("("))
                    tokens.SkipGroup();
                tokens.Expect(":");
                var kind = tokens.Type();
                var standard = tokens.Take("=");
                if (standard)
                    tokens.SkipValue();
                type.Fields[name] = new GraphQlField(kind, description, standard);
            }

            tokens.SkipDirectives();
        }
    }

    private static void Alternatives(GraphQlTokens tokens)
    {
        tokens.Take("|");
        do tokens.Name();
        while (tokens.Take("|"));
    }

    private GraphQlType Add(string name, string kind, string? description)
    {
        if (_types.TryGetValue(name, out var known))
            return known;
        return _types[name] = new GraphQlType(
            name,
            kind,
            description,
            new Dictionary<string, GraphQlField>(StringComparer.Ordinal),
            []
        );
    }

    private static string? Description(GraphQlTokens tokens)
    {
        if (tokens.Current.Kind != GraphQlKind.Text)
            return null;
        var text = tokens.Current.Text;
        tokens.Next();
        return text;
    }

    private static string KindOf(string? kind) =>
        kind switch
        {
            "INPUT_OBJECT" => "input",
            "ENUM" => "enum",
            "SCALAR" => "scalar",
            "UNION" => "union",
            "INTERFACE" => "interface",
            _ => "type",
        };

    private static string TypeOf(JsonElement of, string member)
    {
        if (!of.TryGetProperty(member, out var type))
            throw new FormatException($"a field of the introspection has no {member}");
        return OpenApiDescription.Text(type, "kind") switch
        {
            "NON_NULL" => TypeOf(type, "ofType") + "!",
            "LIST" => "[" + TypeOf(type, "ofType") + "]",
            _ => NameOf(type),
        };
    }

    /// <summary>
    /// Checks the name: brackets in it would be parsed as nested lists, with one recursive call each.
    /// </summary>
    private static string NameOf(JsonElement named) =>
        OpenApiDescription.Text(named, "name") is { Length: > 0 } name
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? name
            : throw new FormatException("the introspection has a type, field or value with an invalid name");
}
