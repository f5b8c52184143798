using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Templates;

namespace Vault.Import;

/// <summary>The keywords of a schema that are read alone, without its other parts (JSON Schema validation 6).</summary>
internal static class SchemaKeywords
{
    public static readonly HashSet<string> Types =
    [
        "object",
        "array",
        "string",
        "number",
        "integer",
        "boolean",
        "null",
    ];
    private static readonly HashSet<string> Formats = ["date-time", "date", "email", "uri", "uuid"];

    public static void TextRules(JsonElement schema, JsonObject written)
    {
        foreach (var word in new[] { "minLength", "maxLength" })
            Count(schema, word, written);
        if (
            schema.TryGetProperty("format", out var format)
            && format.ValueKind == JsonValueKind.String
            && Formats.Contains(format.GetString()!)
            && written.ContainsKey("type")
        )
            written["format"] = format.GetString();
        if (
            schema.TryGetProperty("pattern", out var pattern)
            && pattern.ValueKind == JsonValueKind.String
            && pattern.GetString() is { Length: <= 200 } text
            && Matches(text)
        )
            written["pattern"] = text;
    }

    public static void NumberRules(JsonElement schema, JsonObject written)
    {
        foreach (var (word, strict) in new[] { ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum") })
        {
            var exclusive = schema.TryGetProperty(strict, out var s);
            if (exclusive && s.ValueKind == JsonValueKind.Number)
                written[strict] = JsonNode.Parse(s.GetRawText());
            // Discovery writes numbers as strings; in OpenAPI 3.0 "exclusive" is a boolean next to the number.
            if (!schema.TryGetProperty(word, out var limit))
                continue;
            var text = limit.ValueKind == JsonValueKind.String ? limit.GetString()! : limit.GetRawText();
            if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                written[exclusive && s.ValueKind == JsonValueKind.True ? strict : word] = number;
        }
    }

    public static bool Fits(JsonElement value, List<string> types) =>
        value.ValueKind switch
        {
            JsonValueKind.String => types.Contains("string"),
            JsonValueKind.Number => types.Contains("number") || types.Contains("integer"),
            JsonValueKind.True or JsonValueKind.False => types.Contains("boolean"),
            JsonValueKind.Null => true,
            _ => false,
        };

    public static List<string> TypesOf(JsonElement schema)
    {
        var types = new List<string>();
        if (schema.TryGetProperty("type", out var type))
        {
            foreach (var name in type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().ToArray() : [type])
            {
                if (name.ValueKind == JsonValueKind.String && name.GetString() == "file")
                    throw new NotExpressibleException(Reasons.Multipart, "a file is nested in other values");
                if (
                    name.ValueKind == JsonValueKind.String
                    && Types.Contains(name.GetString()!)
                    && !types.Contains(name.GetString()!)
                )
                    types.Add(name.GetString()!);
            }
        }
        else if (
            schema.TryGetProperty("properties", out _)
            || (schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.Object)
        )
            types.Add("object");

        if (
            types.Count > 0
            && !types.Contains("null")
            && schema.TryGetProperty("nullable", out var nullable)
            && nullable.ValueKind == JsonValueKind.True
        )
            types.Add("null");
        return types;
    }

    public static void Count(JsonElement schema, string word, JsonObject written)
    {
        if (
            schema.TryGetProperty(word, out var value)
            && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var count)
            && count >= 0
        )
            written[word] = count;
    }

    public static bool Matches(string pattern)
    {
        try
        {
            // Documents repeat a few patterns thousands of times, and compiling one costs more than the rest of a small
            // schema.
            _ = Patterns.Get(pattern);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    public static bool IsNull(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String
        && type.GetString() == "null";
}
