using System.Text;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Tools;

/// <summary>
/// Makes a list of tools fit into what a model's context has left. Everybody gives way before anybody is left out:
/// first the texts inside all schemas go, then all descriptions keep one sentence, then the best that still fit are
/// kept. Names, types, requirements and limits of inputs always stay.
/// </summary>
internal static class ToolBudget
{
    /// <summary>
    /// Tokenizers differ; JSON of tools takes 3 to 4 bytes a token with those in use, so this counts rather too many
    /// tokens than too few.
    /// </summary>
    public const int BytesPerToken = 3;

    private const int Sentence = 200;

    private static readonly HashSet<string> Texts = ["description", "title", "example", "examples", "$comment"];
    private static readonly HashSet<string> Schemas = ["parameters", "input_schema", "inputSchema"];

    /// <param name="tools">Best first, each with its form for a model.</param>
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

    /// <summary>Estimated; of the JSON as it is sent, with the comma behind it.</summary>
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

    // A text is dropped where it is a keyword, never where it is the name of an input: names stand under "properties"
    // and "$defs".
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
