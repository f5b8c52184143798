using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Tools;

/// <summary>Converts tools to the formats of model APIs.</summary>
internal static class ToolFormats
{
    public static IReadOnlyList<string> Names { get; } = ["vault", "openai", "anthropic", "gemini", "mcp"];

    // Gemini's function declarations accept a subset of OpenAPI's schema and reject the rest.
    private static readonly HashSet<string> GeminiKeywords =
    [
        "type",
        "format",
        "title",
        "description",
        "nullable",
        "enum",
        "items",
        "properties",
        "required",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "pattern",
        "anyOf",
        "default",
        "example",
    ];

    public static object Write(Tool tool, string? format)
    {
        var d = tool.Definition;
        return format switch
        {
            "openai" => new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = d.Name,
                    ["description"] = Description(d),
                    ["parameters"] = Schema(d),
                },
            },
            "anthropic" => new JsonObject
            {
                ["name"] = d.Name,
                ["description"] = Description(d),
                ["input_schema"] = Schema(d),
            },
            "gemini" => new JsonObject
            {
                ["name"] = d.Name,
                ["description"] = Description(d),
                ["parameters"] = Narrow(Schema(d)),
            },
            "mcp" => new JsonObject
            {
                ["name"] = d.Name,
                ["description"] = Description(d),
                ["inputSchema"] = Schema(d),
                ["annotations"] = new JsonObject
                {
                    ["readOnlyHint"] = d.Effect == Effect.Read,
                    ["destructiveHint"] = d.Effect == Effect.Destructive,
                    ["idempotentHint"] = d.Idempotency != Idempotency.None,
                    ["openWorldHint"] = true,
                },
            },
            _ => ToolView.Of(tool),
        };
    }

    private static string Description(ToolDefinition tool) =>
        tool.Deprecated is { } gone ? gone.Sentence + " " + tool.Description : tool.Description;

    private static JsonObject Schema(ToolDefinition tool) => JsonNode.Parse(tool.InputSchema.GetRawText())!.AsObject();

    private static JsonObject Narrow(JsonObject schema)
    {
        var narrow = new JsonObject();
        foreach (var (name, value) in schema)
        {
            if (!GeminiKeywords.Contains(name))
                continue;
            narrow[name] = (name, value) switch
            {
                ("properties", JsonObject properties) => Each(properties),
                ("items", JsonObject items) => Narrow(items),
                ("anyOf", JsonArray options) => new JsonArray([
                    .. options.Select(o => o is JsonObject option ? Narrow(option) : o?.DeepClone()),
                ]),
                // A type combined with null becomes "nullable" in Gemini's format.
                ("type", JsonArray types) => types.Select(t => t!.GetValue<string>()).FirstOrDefault(t => t != "null"),
                _ => value?.DeepClone(),
            };
            if (name == "type" && value is JsonArray list && list.Any(t => t!.GetValue<string>() == "null"))
                narrow["nullable"] = true;
        }

        return narrow;
    }

    private static JsonObject Each(JsonObject properties)
    {
        var narrow = new JsonObject();
        foreach (var (name, value) in properties)
            narrow[name] = value is JsonObject schema ? Narrow(schema) : new JsonObject();
        return narrow;
    }
}
