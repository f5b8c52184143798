using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Errors;
using Vault.Core.Templates;

namespace Vault.Core.Packs.Schema;

/// <summary>Compiles a schema document into nodes and collects all faults with their JSON pointers.</summary>
internal sealed class SchemaCompiler(JsonElement document, bool closed)
{
    private const int MaxDepth = 32;

    private static readonly FrozenSet<string> Ignored = new[]
    {
        "$schema",
        "$id",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$defs",
    }.ToFrozenSet();

    private readonly List<Violation> _faults = [];
    private readonly Dictionary<string, SchemaNode> _definitions = [];

    public ImmutableArray<Violation> Faults => [.. _faults];

    public SchemaNode Compile()
    {
        if (document.ValueKind == JsonValueKind.Object && document.TryGetProperty("$defs", out var definitions))
        {
            if (definitions.ValueKind != JsonValueKind.Object)
                Fault("/$defs", "must be an object of schemas");
            else
            {
                // Create all nodes before reading them, so that a definition may refer to itself or to a later one.
                foreach (var definition in definitions.EnumerateObject())
                    _definitions[definition.Name] = new SchemaNode();
                foreach (var definition in definitions.EnumerateObject())
                    Read(
                        definition.Value,
                        "/$defs/" + definition.Name,
                        _definitions[definition.Name],
                        branch: false,
                        1
                    );
            }
        }

        var root = new SchemaNode();
        Read(document, "", root, branch: false, 0);
        foreach (var (name, node) in _definitions)
        {
            if (LoopsInPlace(node, node, 0))
                Fault(
                    "/$defs/" + name,
                    "refers to itself without going into a field or an item, so validation would never end"
                );
        }

        return root;
    }

    private SchemaNode Read(JsonElement schema, string at, bool branch, int depth) =>
        Read(schema, at, new SchemaNode(), branch, depth);

    private SchemaNode Read(JsonElement schema, string at, SchemaNode node, bool branch, int depth)
    {
        if (depth > MaxDepth)
        {
            Fault(at, $"is nested deeper than {MaxDepth}");
            return node;
        }

        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            node.Always = schema.ValueKind == JsonValueKind.True;
            return node;
        }

        if (schema.ValueKind != JsonValueKind.Object)
        {
            Fault(at, "must be a schema: an object, true or false");
            return node;
        }

        foreach (var member in schema.EnumerateObject())
        {
            if (!Ignored.Contains(member.Name))
                ReadKeyword(
                    node,
                    member.Name,
                    member.Value,
                    at
                        + "/"
                        + member
                            .Name.Replace("~", "~0", StringComparison.Ordinal)
                            .Replace("/", "~1", StringComparison.Ordinal),
                    branch,
                    depth
                );
        }

        // An object with a combinator stays open: a closed part would reject the properties of another part.
        var combines = node.AllOf.Length + node.AnyOf.Length + node.OneOf.Length > 0 || node.Reference is not null;
        if (
            closed
            && !branch
            && !combines
            && node.Additional is null
            && node.Properties.Count > 0
            && !schema.TryGetProperty("additionalProperties", out _)
        )
            node.Closed = true;
        foreach (var name in node.Required)
        {
            if (node.Closed && node.Properties.Count > 0 && !node.Properties.ContainsKey(name))
                Fault(at + "/required", $"requires '{name}', which is not one of the properties");
        }

        return node;
    }

    private void ReadKeyword(SchemaNode node, string keyword, JsonElement value, string at, bool branch, int depth)
    {
        switch (keyword)
        {
            case "type":
                node.Types = Types(value, at);
                break;
            case "properties":
                node.Properties = Map(value, at, depth);
                break;
            case "required":
                node.Required = Texts(value, at);
                break;
            case "additionalProperties":
                if (value.ValueKind == JsonValueKind.False)
                    node.Closed = true;
                else if (value.ValueKind == JsonValueKind.Object)
                    node.Additional = Read(value, at, branch: false, depth + 1);
                else if (value.ValueKind != JsonValueKind.True)
                    Fault(at, "must be true, false or a schema");
                break;
            case "minProperties":
                node.MinProperties = Count(value, at);
                break;
            case "maxProperties":
                node.MaxProperties = Count(value, at);
                break;
            case "items":
                node.Items = Read(value, at, branch: false, depth + 1);
                break;
            case "minItems":
                node.MinItems = Count(value, at);
                break;
            case "maxItems":
                node.MaxItems = Count(value, at);
                break;
            case "uniqueItems":
                node.UniqueItems = Flag(value, at);
                break;
            case "enum":
                if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
                    Fault(at, "must be a list of at least one value");
                else
                    node.Allowed = [.. value.EnumerateArray().Select(v => v.Clone())];
                break;
            case "const":
                node.Allowed = [value.Clone()];
                break;
            case "minimum":
                (node.Numbers ??= new()).Minimum = Number(value, at);
                break;
            case "maximum":
                (node.Numbers ??= new()).Maximum = Number(value, at);
                break;
            case "exclusiveMinimum":
                (node.Numbers ??= new()).ExclusiveMinimum = Number(value, at);
                break;
            case "exclusiveMaximum":
                (node.Numbers ??= new()).ExclusiveMaximum = Number(value, at);
                break;
            case "multipleOf":
                if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var step) && step > 0)
                    (node.Numbers ??= new()).MultipleOf = step;
                else
                    Fault(at, "must be a number above 0");
                break;
            case "minLength":
                node.MinLength = Count(value, at);
                break;
            case "maxLength":
                node.MaxLength = Count(value, at);
                break;
            case "pattern":
                node.Pattern = Pattern(value, at);
                break;
            case "format":
                if (value.ValueKind == JsonValueKind.String && SchemaFormats.Known.Contains(value.GetString()!))
                    node.Format = value.GetString();
                else
                    Fault(at, "must be one of " + string.Join(", ", SchemaFormats.Known));
                break;
            case "$ref":
                node.Reference = Reference(value, at);
                break;
            case "allOf":
                node.AllOf = List(value, at, depth);
                break;
            case "anyOf":
                node.AnyOf = List(value, at, depth);
                break;
            case "oneOf":
                node.OneOf = List(value, at, depth);
                break;
            case "not":
                node.Not = Read(value, at, branch: true, depth + 1);
                break;
            default:
                Fault(at, $"the keyword '{keyword}' is not in the supported subset");
                break;
        }
    }

    private SchemaTypes Types(JsonElement value, string at)
    {
        var types = SchemaTypes.None;
        foreach (var name in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
        {
            var type =
                name.ValueKind != JsonValueKind.String
                    ? SchemaTypes.None
                    : name.GetString() switch
                    {
                        "object" => SchemaTypes.Object,
                        "array" => SchemaTypes.Array,
                        "string" => SchemaTypes.Text,
                        "number" => SchemaTypes.Number,
                        "integer" => SchemaTypes.Integer,
                        "boolean" => SchemaTypes.Boolean,
                        "null" => SchemaTypes.Null,
                        _ => SchemaTypes.None,
                    };
            if (type == SchemaTypes.None)
                Fault(at, "must be object, array, string, number, integer, boolean, null, or a list of these");
            types |= type;
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
            Fault(at, "must name at least one type");
        return types;
    }

    private FrozenDictionary<string, SchemaNode> Map(JsonElement value, string at, int depth)
    {
        var map = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        if (value.ValueKind != JsonValueKind.Object)
            Fault(at, "must be an object of schemas");
        else
        {
            foreach (var member in value.EnumerateObject())
                map[member.Name] = Read(member.Value, at + "/" + member.Name, branch: false, depth + 1);
        }

        return map.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private SchemaNode[] List(JsonElement value, string at, int depth)
    {
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
            return
            [
                .. value.EnumerateArray().Select((schema, i) => Read(schema, $"{at}/{i}", branch: true, depth + 1)),
            ];
        Fault(at, "must be a list of at least one schema");
        return [];
    }

    private string[] Texts(JsonElement value, string at)
    {
        if (
            value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String)
        )
            return [.. value.EnumerateArray().Select(v => v.GetString()!)];
        Fault(at, "must be a list of names");
        return [];
    }

    private SchemaNode? Reference(JsonElement value, string at)
    {
        const string prefix = "#/$defs/";
        if (
            value.ValueKind == JsonValueKind.String
            && value.GetString() is { } text
            && text.StartsWith(prefix, StringComparison.Ordinal)
            && _definitions.TryGetValue(text[prefix.Length..], out var node)
        )
            return node;
        Fault(at, "must be '#/$defs/<name>' of a definition in this schema");
        return null;
    }

    private Regex? Pattern(JsonElement value, string at)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String)
                return Patterns.Get(value.GetString()!);
            Fault(at, "must be a regular expression");
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            Fault(at, "is not a regular expression that can be matched without backtracking");
        }

        return null;
    }

    private int? Count(JsonElement value, string at)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0)
            return count;
        Fault(at, "must be an integer of at least 0");
        return null;
    }

    private double? Number(JsonElement value, string at)
    {
        if (value.ValueKind == JsonValueKind.Number)
            return value.GetDouble();
        Fault(at, "must be a number");
        return null;
    }

    private bool Flag(JsonElement value, string at)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Fault(at, "must be true or false");
        return false;
    }

    // $ref, allOf, anyOf, oneOf and not apply to the same value, so a cycle of only these never ends.
    private static bool LoopsInPlace(SchemaNode node, SchemaNode start, int depth)
    {
        if (depth > 256)
            return true;
        IEnumerable<SchemaNode?> next = [node.Reference, .. node.AllOf, .. node.AnyOf, .. node.OneOf, node.Not];
        return next.OfType<SchemaNode>().Any(n => ReferenceEquals(n, start) || LoopsInPlace(n, start, depth + 1));
    }

    private void Fault(string at, string message) => _faults.Add(new Violation(at, message));
}
