using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Templates;
using static Vault.Import.SchemaKeywords;

namespace Vault.Import;

/// <summary>How much of a schema is kept. If a tool's schema is too long, the next, lower level is tried.</summary>
/// <param name="Depth">Objects below this depth accept any value; the provider validates them.</param>
/// <param name="Text">Maximum characters of descriptions below the inputs themselves; 0 for none.</param>
/// <param name="Enum">Maximum values of an enumeration that are listed.</param>
internal sealed record SchemaDetail(int Depth, int Text, int Enum)
{
    public static readonly SchemaDetail[] Steps =
    [
        new(8, 240, 80),
        new(5, 120, 60),
        new(4, 60, 40),
        new(3, 0, 30),
        new(2, 0, 20),
        new(1, 0, 12),
    ];
}

/// <summary>
/// Rewrites a schema of OpenAPI 3.0, 3.1, Swagger 2 or Discovery in the subset that the vault validates. Anything the
/// subset cannot express is left out, so the result accepts at least everything that the provider accepts. References
/// become definitions; a schema used once is inlined.
/// </summary>
internal sealed class SchemaRewriter(Func<string, JsonElement> resolve, SchemaDetail detail, int budget)
{
    private const int MaxBranches = 8;

    /// <summary>
    /// Maximum chain of references: each is a recursive call, and a stack overflow would end the process.
    /// </summary>
    private const int MaxReferences = 64;

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject?> _definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private int _spent;
    private int _references;

    /// <summary>The output exceeds the budget; the rest is skipped, and the result must not be used.</summary>
    public bool Over => _spent > budget;

    /// <summary>The document's schema behind any references.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        for (var i = 0; i < 16 && Reference(schema) is { } name; i++)
            schema = Target(name);
        return schema;
    }

    public JsonObject Write(JsonElement schema) => Write(schema, 0);

    /// <summary>
    /// Moves definitions that are used more than once, or recursively, to <c>$defs</c> of the root and inlines the
    /// others.
    /// </summary>
    public void Finish(JsonObject root)
    {
        var hoisted = new JsonObject();
        foreach (var name in _definitions.Keys.Order(StringComparer.Ordinal).Where(IsHoisted))
            hoisted[name] = Settle(_definitions[name]!, 0);
        foreach (var property in root.ToList())
            root[property.Key] = Settle(property.Value?.DeepClone(), 0);
        if (hoisted.Count > 0)
            root["$defs"] = hoisted;
    }

    private bool IsHoisted(string name) =>
        _definitions[name] is not null && (_uses.GetValueOrDefault(name) > 1 || _open.Contains(name));

    private JsonNode? Settle(JsonNode? node, int depth)
    {
        if (node is JsonArray list)
            return new JsonArray([.. list.Select(item => Settle(item, depth))]);
        if (node is not JsonObject members)
            return node?.DeepClone();
        if (
            depth < 64
            && members["$ref"] is JsonValue reference
            && reference.GetValue<string>()["#/$defs/".Length..] is var name
            && !IsHoisted(name)
        )
        {
            var inner = (JsonObject)Settle(_definitions[name]?.DeepClone() ?? new JsonObject(), depth + 1)!;
            if (members["description"] is { } own)
                inner["description"] = own.DeepClone();
            return inner;
        }

        var copy = new JsonObject();
        foreach (var (key, value) in members)
            copy[key] = Settle(value, depth);
        return copy;
    }

    private JsonObject Write(JsonElement schema, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || Over)
            return [];
        if (Reference(schema) is { } reference)
            return WriteReference(reference, schema, depth);
        if (schema.TryGetProperty("allOf", out var all) && all.ValueKind == JsonValueKind.Array)
            return WriteAll(schema, all, depth);
        var written = new JsonObject();
        Describe(schema, written, depth);
        var types = TypesOf(schema);
        if (types.Count == 1)
            written["type"] = types[0];
        else if (types.Count > 1)
            written["type"] = new JsonArray([.. types.Select(t => (JsonNode)t)]);
        Choices(schema, types, written);
        if (types.Count == 0 || types.Contains("string"))
            TextRules(schema, written);
        if (types.Contains("number") || types.Contains("integer"))
            NumberRules(schema, written);
        if (types.Contains("array"))
            ArrayRules(schema, written, depth);
        if (types.Contains("object"))
            ObjectRules(schema, written, depth);
        foreach (var word in new[] { "anyOf", "oneOf" })
        {
            if (schema.TryGetProperty(word, out var branches) && branches.ValueKind == JsonValueKind.Array)
                Branches(branches, written, depth);
        }

        _spent += 12;
        return written;
    }

    private JsonObject WriteReference(string reference, JsonElement schema, int depth)
    {
        if (!_names.TryGetValue(reference, out var name))
        {
            name = _names[reference] = Unique(reference);
            var target = Target(reference);
            if (++_references > MaxReferences)
                throw new NotExpressibleException(Reasons.Schema, $"more than {MaxReferences} references are nested");
            _definitions[name] = null;
            _definitions[name] = Write(target, depth);
            _references--;
        }
        else if (_definitions[name] is null)
            _open.Add(name);

        _uses[name] = _uses.GetValueOrDefault(name) + 1;
        var written = new JsonObject { ["$ref"] = "#/$defs/" + name };
        Describe(schema, written, depth);
        return written;
    }

    /// <summary>
    /// Merges allOf parts that are objects into one object: a model understands it better, and unknown names can be
    /// rejected. Other parts stay an allOf.
    /// </summary>
    private JsonObject WriteAll(JsonElement schema, JsonElement all, int depth)
    {
        var parts = all.EnumerateArray().ToList();
        if (parts.Count == 1 && !schema.TryGetProperty("properties", out _))
        {
            var single = Write(parts[0], depth);
            Describe(schema, single, depth);
            return single;
        }

        var merged = new JsonObject { ["type"] = "object" };
        Describe(schema, merged, depth);
        var (properties, required) = (new JsonObject(), new SortedSet<string>(StringComparer.Ordinal));
        if (!Gather(schema, depth, properties, required, 0))
            return depth < detail.Depth
                ? new JsonObject { ["allOf"] = new JsonArray([.. parts.Select(p => (JsonNode)Write(p, depth + 1))]) }
                : [];
        if (properties.Count > 0)
            merged["properties"] = properties;
        if (required.Count > 0)
            merged["required"] = new JsonArray([.. required.Where(properties.ContainsKey).Select(r => (JsonNode)r)]);
        return merged;
    }

    private bool Gather(JsonElement schema, int depth, JsonObject properties, SortedSet<string> required, int level)
    {
        schema = Resolve(schema);
        // Count each visit: nested parts may repeat the same parts many times.
        _spent++;
        if (
            Over
            || level > 8
            || schema.ValueKind != JsonValueKind.Object
            || schema.TryGetProperty("anyOf", out _)
            || schema.TryGetProperty("oneOf", out _)
        )
            return false;
        if (schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.Object)
            return false;
        if (TypesOf(schema) is { Count: > 0 } types && !types.Contains("object"))
            return false;
        if (
            schema.TryGetProperty("allOf", out var all)
            && all.ValueKind == JsonValueKind.Array
            && all.EnumerateArray().Any(part => !Gather(part, depth, properties, required, level + 1))
        )
            return false;
        foreach (var (name, value) in InputsOf(schema))
            properties[name] = depth < detail.Depth ? Write(value, depth + 1) : [];
        foreach (var name in RequiredOf(schema))
            required.Add(name);
        return true;
    }

    private void Branches(JsonElement branches, JsonObject written, int depth)
    {
        var kept = branches.EnumerateArray().Where(b => !IsNull(b)).Take(MaxBranches + 1).ToList();
        // A truncated list would reject values that the provider accepts; no list accepts all.
        if (kept.Count == 0 || kept.Count > MaxBranches || depth >= detail.Depth)
            return;
        var list = kept.Select(b => Write(b, depth + 1)).ToList();
        if (kept.Count < branches.GetArrayLength())
            list.Add(new JsonObject { ["type"] = "null" });
        if (list.Count == 1)
            foreach (var (name, value) in list[0].ToList())
                written[name] = value?.DeepClone();
        // As oneOf, a value that matches two schemas would be rejected, although the provider accepts it by its
        // discriminator.
        else
            written["anyOf"] = new JsonArray([.. list]);
    }

    private void ObjectRules(JsonElement schema, JsonObject written, int depth)
    {
        if (depth >= detail.Depth)
            return;
        var properties = new JsonObject();
        foreach (var (name, value) in InputsOf(schema))
        {
            _spent += name.Length + 4;
            if (Over)
                return;
            properties[name] = Write(value, depth + 1);
        }

        if (properties.Count > 0)
            written["properties"] = properties;
        if (
            RequiredOf(schema).Where(properties.ContainsKey).Select(r => (JsonNode)r).ToArray() is
            { Length: > 0 } required
        )
            written["required"] = new JsonArray(required);
        if (schema.TryGetProperty("additionalProperties", out var more))
        {
            if (
                more.ValueKind == JsonValueKind.True
                || (more.ValueKind == JsonValueKind.Object && properties.Count > 0)
            )
                written["additionalProperties"] = true;
            else if (more.ValueKind == JsonValueKind.False && properties.Count > 0)
                written["additionalProperties"] = false;
            else if (more.ValueKind == JsonValueKind.Object)
                written["additionalProperties"] = Write(more, depth + 1);
        }
        else if (schema.TryGetProperty("patternProperties", out _))
            written["additionalProperties"] = true;
    }

    private void ArrayRules(JsonElement schema, JsonObject written, int depth)
    {
        foreach (var word in new[] { "minItems", "maxItems" })
            Count(schema, word, written);
        if (schema.TryGetProperty("uniqueItems", out var unique) && unique.ValueKind == JsonValueKind.True)
            written["uniqueItems"] = true;
        if (
            schema.TryGetProperty("items", out var items)
            && items.ValueKind == JsonValueKind.Object
            && depth < detail.Depth + 1
        )
            written["items"] = Write(items, depth + 1);
    }

    private void Choices(JsonElement schema, List<string> types, JsonObject written)
    {
        if (schema.TryGetProperty("const", out var only))
            written["const"] = JsonNode.Parse(only.GetRawText());
        if (
            !schema.TryGetProperty("enum", out var list)
            || list.ValueKind != JsonValueKind.Array
            || list.GetArrayLength() is 0
            || list.GetArrayLength() > detail.Enum
        )
            return;
        var values = new JsonArray();
        foreach (var value in list.EnumerateArray())
        {
            // YAML and hand-written documents confuse numbers and strings; a constant of the wrong type would make the
            // field impossible.
            if (types.Count > 0 && !Fits(value, types))
                return;
            values.Add(JsonNode.Parse(value.GetRawText()));
            _spent += value.GetRawText().Length;
        }

        if (types.Contains("null") && !values.Any(v => v is null))
            values.Add((JsonNode?)null);
        written["enum"] = values;
    }

    private void Describe(JsonElement schema, JsonObject written, int depth)
    {
        var max = depth <= 1 ? Math.Max(detail.Text, 80) : detail.Text;
        if (
            max > 0
            && schema.TryGetProperty("description", out var text)
            && text.ValueKind == JsonValueKind.String
            && Sentences.Cut(text.GetString(), max) is { Length: > 0 } cut
        )
        {
            written["description"] = cut;
            _spent += cut.Length + 17;
        }

        if (
            schema.TryGetProperty("default", out var standard)
            && standard.ValueKind
                is JsonValueKind.String
                    or JsonValueKind.Number
                    or JsonValueKind.True
                    or JsonValueKind.False
            && standard.GetRawText().Length < 60
        )
            written["default"] = JsonNode.Parse(standard.GetRawText());
    }

    /// <summary>The members that a caller may send, without read-only ones.</summary>
    public static IEnumerable<(string Name, JsonElement Schema)> InputsOf(JsonElement schema)
    {
        if (!schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var property in properties.EnumerateObject())
        {
            if (
                property.Value.ValueKind == JsonValueKind.Object
                && property.Value.TryGetProperty("readOnly", out var fixedValue)
                && fixedValue.ValueKind == JsonValueKind.True
            )
                continue;
            yield return (property.Name, property.Value);
        }
    }

    public static IEnumerable<string> RequiredOf(JsonElement schema) =>
        schema.TryGetProperty("required", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!)
            : [];

    private static string? Reference(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("$ref", out var reference)
        && reference.ValueKind == JsonValueKind.String
            ? reference.GetString()
            : null;

    private JsonElement Target(string reference) =>
        resolve(reference) is { ValueKind: JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False } target
            ? target
            : throw new NotExpressibleException(Reasons.Reference, $"'{reference}' is not in the document");

    private string Unique(string reference)
    {
        var name = new string([
            .. reference[(reference.LastIndexOfAny(['/', '.']) + 1)..]
                .Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'),
        ]);
        if (name.Length is 0 or > 60)
            name = "Part" + (_definitions.Count + 1).ToString(CultureInfo.InvariantCulture);
        var candidate = name;
        for (var i = 2; _definitions.ContainsKey(candidate); i++)
            candidate = name + i.ToString(CultureInfo.InvariantCulture);
        return candidate;
    }
}
