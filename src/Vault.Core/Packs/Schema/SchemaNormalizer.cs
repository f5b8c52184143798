using System.Buffers;
using System.Text.Json;

namespace Vault.Core.Packs.Schema;

/// <summary>
/// Writes an input as its schema means it. Clients whose models must give every member send null for one that they
/// leave out, and clients whose numbers are all doubles send 5.0 for an integer: the schema says what was meant.
/// </summary>
internal static class SchemaNormalizer
{
    private const int MaxDepth = 64;

    public static JsonElement Normalize(SchemaNode root, JsonElement input)
    {
        if (!MayChange(input, 0))
            return input;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, [root], input, 0);
        var reader = new Utf8JsonReader(buffer.WrittenSpan, new JsonReaderOptions { MaxDepth = 1_000 });
        return JsonElement.ParseValue(ref reader);
    }

    // Most inputs have neither a null nor a number with a fraction or an exponent; they are not copied.
    private static bool MayChange(JsonElement value, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return true;
            case JsonValueKind.Number:
                return !value.TryGetInt64(out _);
            case JsonValueKind.Object when depth < MaxDepth:
                foreach (var member in value.EnumerateObject())
                    if (MayChange(member.Value, depth + 1))
                        return true;
                return false;
            case JsonValueKind.Array when depth < MaxDepth:
                foreach (var item in value.EnumerateArray())
                    if (MayChange(item, depth + 1))
                        return true;
                return false;
            default:
                return false;
        }
    }

    private static void Write(Utf8JsonWriter writer, List<SchemaNode> nodes, JsonElement value, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when depth < MaxDepth:
                var all = Applicable(nodes, value);
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    var inner = Of(all, member.Name);
                    if (
                        member.Value.ValueKind == JsonValueKind.Null
                        && inner.Count > 0
                        && !all.Exists(n => n.Required.Contains(member.Name))
                        && !IsValid(inner, member.Value)
                    )
                        continue;
                    writer.WritePropertyName(member.Name);
                    Write(writer, inner, member.Value, depth + 1);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array when depth < MaxDepth:
                var items = Applicable(nodes, value).Select(n => n.Items).OfType<SchemaNode>().ToList();
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(writer, items, item, depth + 1);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Number
                when !value.TryGetInt64(out _)
                    && value.TryGetDecimal(out var number)
                    && number == decimal.Truncate(number)
                    && Applicable(nodes, value)
                        .Exists(n => n.Types.HasFlag(SchemaTypes.Integer) && !n.Types.HasFlag(SchemaTypes.Number)):
                writer.WriteNumberValue(decimal.Truncate(number));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    /// <summary>The schemas that describe a value: with what they refer to, and the branches that it fits.</summary>
    private static List<SchemaNode> Applicable(List<SchemaNode> nodes, JsonElement value)
    {
        var all = new List<SchemaNode>();
        foreach (var node in nodes)
            Add(node, 0);
        return all;

        void Add(SchemaNode node, int depth)
        {
            if (depth > MaxDepth || all.Contains(node))
                return;
            all.Add(node);
            if (node.Reference is { } reference)
                Add(reference, depth + 1);
            foreach (var part in node.AllOf)
                Add(part, depth + 1);
            foreach (var branch in node.AnyOf.Concat(node.OneOf))
                if (Accepts(branch, value))
                    Add(branch, depth + 1);
        }
    }

    private static List<SchemaNode> Of(List<SchemaNode> nodes, string member)
    {
        var inner = new List<SchemaNode>();
        foreach (var node in nodes)
        {
            if (node.Properties.TryGetValue(member, out var named))
                inner.Add(named);
            else if (node.Additional is not null)
                inner.Add(node.Additional);
        }

        return inner;
    }

    // A branch is chosen by the input as it was written, in which a null may still stand for a member that is left out.
    private static bool Accepts(SchemaNode branch, JsonElement value) =>
        IsValid([branch], value) || (value.ValueKind == JsonValueKind.Object && IsValid([branch], WithoutNulls(value)));

    private static JsonElement WithoutNulls(JsonElement value)
    {
        var kept = value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null);
        return JsonSerializer.SerializeToElement(
            kept.DistinctBy(m => m.Name).ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal)
        );
    }

    private static bool IsValid(List<SchemaNode> nodes, JsonElement value)
    {
        var report = new SchemaReport(1);
        foreach (var node in nodes)
            node.Check(value, report);
        return report.IsClean;
    }
}
