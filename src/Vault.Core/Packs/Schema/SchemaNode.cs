using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Vault.Core.Packs.Schema;

[Flags]
internal enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    Number = 16,
    Integer = 32,
    Text = 64,
}

/// <summary>One schema. Only the compiler sets its members; after that they do not change.</summary>
internal sealed class SchemaNode
{
    public bool? Always { get; set; }
    public SchemaTypes Types { get; set; }
    public FrozenDictionary<string, SchemaNode> Properties { get; set; } = FrozenDictionary<string, SchemaNode>.Empty;
    public string[] Required { get; set; } = [];
    public bool Closed { get; set; }
    public SchemaNode? Additional { get; set; }
    public int? MinProperties { get; set; }
    public int? MaxProperties { get; set; }
    public SchemaNode? Items { get; set; }
    public int? MinItems { get; set; }
    public int? MaxItems { get; set; }
    public bool UniqueItems { get; set; }
    public JsonElement[]? Allowed { get; set; }
    public SchemaNumbers? Numbers { get; set; }
    public int? MinLength { get; set; }
    public int? MaxLength { get; set; }
    public Regex? Pattern { get; set; }
    public string? Format { get; set; }
    public SchemaNode? Reference { get; set; }
    public SchemaNode[] AllOf { get; set; } = [];
    public SchemaNode[] AnyOf { get; set; } = [];
    public SchemaNode[] OneOf { get; set; } = [];
    public SchemaNode? Not { get; set; }

    public void Check(JsonElement value, SchemaReport report)
    {
        if (report.IsFull)
            return;
        if (Always is { } always)
        {
            if (!always)
                report.Add("is not allowed here; leave it out");
            return;
        }

        if (Types != SchemaTypes.None && (TypeOf(value) & Types) == 0)
        {
            report.Add($"is {Name(TypeOf(value))}, expected {string.Join(" or ", Names(Types))}");
            return;
        }

        if (Allowed is not null && !Allowed.Any(a => JsonElement.DeepEquals(a, value)))
            report.Add(
                Allowed.Length == 1
                    ? $"must be {Allowed[0].GetRawText()}"
                    : "must be one of " + string.Join(", ", Allowed.Take(30).Select(a => a.GetRawText()))
            );
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                CheckObject(value, report);
                break;
            case JsonValueKind.Array:
                CheckArray(value, report);
                break;
            case JsonValueKind.String:
                CheckText(value.GetString()!, report);
                break;
            case JsonValueKind.Number:
                Numbers?.Check(value, report);
                break;
        }

        Reference?.Check(value, report);
        foreach (var node in AllOf)
            node.Check(value, report);
        CheckBranches(value, report);
    }

    private void CheckObject(JsonElement value, SchemaReport report)
    {
        foreach (var name in Required)
        {
            if (!value.TryGetProperty(name, out _))
            {
                report.Enter(name);
                report.Add("is required; add it");
                report.Leave();
            }
        }

        var count = 0;
        HashSet<string>? seen = null;
        foreach (var member in value.EnumerateObject())
        {
            count++;
            report.Enter(member.Name);
            // With two members of one name, validation and request mapping could read different values.
            if (!(seen ??= []).Add(member.Name))
                report.Add("appears twice; give it once");
            else if (Properties.TryGetValue(member.Name, out var node))
                node.Check(member.Value, report);
            else if (Additional is not null)
                Additional.Check(member.Value, report);
            else if (Closed)
                report.Add(
                    "is unknown; "
                        + (
                            Properties.Count == 0
                                ? "leave it out"
                                : "known fields: "
                                    + string.Join(", ", Properties.Keys.Order(StringComparer.Ordinal).Take(30))
                        )
                );
            report.Leave();
            if (report.IsFull)
                return;
        }

        if (count < MinProperties)
            report.Add($"has {count} fields, needs at least {MinProperties}");
        if (count > MaxProperties)
            report.Add($"has {count} fields, may have at most {MaxProperties}");
    }

    private void CheckArray(JsonElement value, SchemaReport report)
    {
        var count = value.GetArrayLength();
        if (count < MinItems)
            report.Add($"has {count} items, needs at least {MinItems}");
        if (count > MaxItems)
        {
            report.Add($"has {count} items, may have at most {MaxItems}");
            return;
        }

        if (Items is not null)
        {
            var index = 0;
            foreach (var item in value.EnumerateArray())
            {
                report.Enter(index++.ToString(CultureInfo.InvariantCulture));
                Items.Check(item, report);
                report.Leave();
                if (report.IsFull)
                    return;
            }
        }

        if (UniqueItems && HasDuplicates(value))
            report.Add("has the same item twice; items must differ");
    }

    private void CheckText(string text, SchemaReport report)
    {
        if (MinLength is not null || MaxLength is not null)
        {
            var length = 0;
            foreach (var _ in text.EnumerateRunes())
                length++;
            if (length < MinLength)
                report.Add($"has {length} characters, needs at least {MinLength}");
            if (length > MaxLength)
                report.Add($"has {length} characters, may have at most {MaxLength}");
        }

        if (Pattern is not null && !Pattern.IsMatch(text))
            report.Add($"does not match {Pattern}");
        if (Format is not null && report.ChecksFormats && !SchemaFormats.Fits(Format, text))
            report.Add(SchemaFormats.Advice(Format));
    }

    private void CheckBranches(JsonElement value, SchemaReport report)
    {
        if (AnyOf.Length > 0 && !AnyOf.Any(node => IsValid(node, value, report)))
            ReportNone(AnyOf, value, report, "fits none of the allowed forms (anyOf)");
        if (OneOf.Length > 0)
        {
            var fitting = OneOf.Count(node => IsValid(node, value, report));
            if (fitting == 0)
                ReportNone(OneOf, value, report, "fits none of the allowed forms (oneOf)");
            else if (fitting > 1)
                report.Add($"fits {fitting} forms, must fit exactly one (oneOf)");
        }

        if (Not is not null && IsValid(Not, value, report))
            report.Add("has a form that is excluded (not)");
    }

    // Reports the violations of the closest branch, which is the one with the deepest violation.
    private static void ReportNone(SchemaNode[] branches, JsonElement value, SchemaReport report, string message)
    {
        var closest = branches
            .Select(node =>
            {
                var fork = report.Fork(3);
                node.Check(value, fork);
                return fork;
            })
            .MaxBy(fork => fork.Violations.Count == 0 ? 0 : fork.Violations.Max(v => v.Path.Length))!;
        report.Add(message);
        report.Take(closest);
    }

    private static bool IsValid(SchemaNode node, JsonElement value, SchemaReport report)
    {
        var fork = report.Fork(1);
        node.Check(value, fork);
        return fork.IsClean;
    }

    private static bool HasDuplicates(JsonElement array)
    {
        var items = array.EnumerateArray().ToArray();
        if (items.All(i => i.ValueKind == JsonValueKind.String))
            return items.Select(i => i.GetString()).Distinct(StringComparer.Ordinal).Count() != items.Length;
        // The pairwise comparison is quadratic. The size of an input is limited before this check; an array with more
        // items that are not all strings is rejected as not unique.
        if (items.Length > 1000)
            return true;
        for (var i = 0; i < items.Length; i++)
        {
            for (var j = i + 1; j < items.Length; j++)
            {
                if (JsonElement.DeepEquals(items[i], items[j]))
                    return true;
            }
        }

        return false;
    }

    private static SchemaTypes TypeOf(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => SchemaTypes.Object,
            JsonValueKind.Array => SchemaTypes.Array,
            JsonValueKind.String => SchemaTypes.Text,
            JsonValueKind.Number => SchemaNumbers.IsWhole(value)
                ? SchemaTypes.Integer | SchemaTypes.Number
                : SchemaTypes.Number,
            JsonValueKind.True or JsonValueKind.False => SchemaTypes.Boolean,
            JsonValueKind.Null => SchemaTypes.Null,
            _ => SchemaTypes.None,
        };

    private static string Name(SchemaTypes type) =>
        type == SchemaTypes.None ? "missing" : "of type " + Names(type).First();

    private static IEnumerable<string> Names(SchemaTypes types)
    {
        if (types.HasFlag(SchemaTypes.Object))
            yield return "object";
        if (types.HasFlag(SchemaTypes.Array))
            yield return "array";
        if (types.HasFlag(SchemaTypes.Text))
            yield return "string";
        if (types.HasFlag(SchemaTypes.Integer))
            yield return "integer";
        if (types.HasFlag(SchemaTypes.Number))
            yield return "number";
        if (types.HasFlag(SchemaTypes.Boolean))
            yield return "boolean";
        if (types.HasFlag(SchemaTypes.Null))
            yield return "null";
    }
}
