using System.Text;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Tools;

/// <summary>
/// Shrinks a list of tools to a token budget, in steps: it drops the texts inside all schemas, then shortens all
/// descriptions to one sentence, then keeps the best matches that still fit. Names, types, required members and limits
/// of inputs always stay.
/// </summary>
internal static class ToolBudget
{
    /// <summary>
    /// Tokenizers differ: JSON of tools takes 3 to 4 bytes a token with the current ones, so this overestimates.
    /// </summary>
    public const int BytesPerToken = 3;

    private const int Sentence = 200;

    private static readonly HashSet<string> Texts = ["description", "title", "example", "examples", "$comment"];
    private static readonly HashSet<string> Schemas = ["parameters", "input_schema", "inputSchema"];

    /// <param name="tools">Best match first, each in its model format.</param>
    public static IReadOnlyList<(Tool Tool, JsonObject Form)> Fit(
        IReadOnlyList<(Tool Tool, JsonObject Form)> tools,
        long maxTokens
    )
    {
        if (Fits(tools, maxTokens))
            return tools;
        tools = [.. tools.Select(t => (t.Tool, WithoutTexts(t.Form)))];
        if (Fits(tools, maxTokens))
            return tools;
        tools = [.. tools.Select(t => (t.Tool, WithOneSentence(t.Form)))];
        var left = maxTokens;
        var kept = new List<(Tool, JsonObject)>();
        foreach (var tool in tools)
        {
            var tokens = Tokens(tool.Form);
            if (tokens > left)
                continue;
            left -= tokens;
            kept.Add(tool);
        }

        return kept;
    }

    /// <summary>Estimates the JSON as it is sent, including the comma that follows.</summary>
    public static long Tokens(JsonObject form) =>
        (Encoding.UTF8.GetByteCount(form.ToJsonString()) + BytesPerToken) / BytesPerToken;

    private static bool Fits(IReadOnlyList<(Tool Tool, JsonObject Form)> tools, long maxTokens) =>
        tools.Sum(t => Tokens(t.Form)) <= maxTokens;

    private static JsonObject WithoutTexts(JsonObject form) => Map(form, (name, value) => value is JsonObject inner
                ? Schemas.Contains(name)
                    ? Strip(inner)
                    : name == "function"
                        ? WithoutTexts(inner)
                        : inner.DeepClone()
                : value?.DeepClone());

    private static JsonObject WithOneSentence(JsonObject form) => Map(form, (name, value) => (name, value) switch
            {
                ("description", JsonValue text) => Cut(text.GetValue<string>()),
                ("function", JsonObject inner) => WithOneSentence(inner),
                _ => value?.DeepClone(),
            });

    // A text is dropped only where it is a schema keyword; under "properties" and "$defs" the keys are names of
    // inputs.
    private static JsonObject Strip(JsonObject schema)
    {
        var bare = new JsonObject();
        foreach (var (name, value) in schema)
        {
            if (Texts.Contains(name))
                continue;
            bare[name] = (name, value) switch
            {
                ("properties" or "$defs" or "patternProperties", JsonObject named) => Map(named, (_, one) =>
                    one is JsonObject inner ? Strip(inner) : one?.DeepClone()
                ),
                ("enum" or "const" or "default" or "required", _) => value?.DeepClone(),
                (_, JsonObject inner) => Strip(inner),
                (_, JsonArray all) => new JsonArray([
                    .. all.Select(one => one is JsonObject inner ? Strip(inner) : one?.DeepClone()),
                ]),
                _ => value?.DeepClone(),
            };
        }

        return bare;
    }

    private static string Cut(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        var first = end < 0 ? text : text[..(end + 1)];
        return first.Length <= Sentence
            ? first
            : first[..(char.IsHighSurrogate(first[Sentence - 2]) ? Sentence - 2 : Sentence - 1)] + "…";
    }

    private static JsonObject Map(JsonObject from, Func<string, JsonNode?, JsonNode?> each)
    {
        var to = new JsonObject();
        foreach (var (name, value) in from)
            to[name] = each(name, value);
        return to;
    }
}
