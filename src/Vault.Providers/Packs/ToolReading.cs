using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>
/// Reads the <c>tools</c> part: names, schemas, scopes. <see cref="RequestReading"/> reads the mapping of the input.
/// </summary>
internal static class ToolReading
{
    private const int MaxPhrases = 20;
    private const int MaxPhrase = 80;

    public static ImmutableArray<ToolDefinition> Tools(PackNode pack, PackScope scope)
    {
        var prefixes = pack.Texts("tool_prefixes") is { Length: > 0 } given ? given : [scope.Id + "_"];
        return Tools(pack, scope, prefixes, RateReading.Classes(pack));
    }

    public static ImmutableArray<ToolDefinition> Tools(
        PackNode pack,
        PackScope scope,
        ImmutableArray<string> prefixes,
        IReadOnlyDictionary<string, RateClass> rates
    )
    {
        var tools = ImmutableArray.CreateBuilder<ToolDefinition>();
        var names = new HashSet<(string, string)>();
        foreach (var node in pack.Objects("tools"))
        {
            var tool = Tool(node, scope, prefixes) with { Rate = RateReading.Of(node, rates) };
            node.Done();
            if (tool.Name.Length > 0 && !names.Add((tool.Name, tool.Version)))
                node.Fault(
                    "name",
                    $"'{tool.Name}' is the name of an earlier tool of this pack; two versions of a tool need two values "
                        + "of version, the current one last"
                );
            tools.Add(tool);
        }

        return tools.ToImmutable();
    }

    public static ToolDefinition Tool(PackNode node, PackScope scope, ImmutableArray<string> prefixes)
    {
        var name = node.Text("name", required: true) ?? "";
        if (name.Length > 0 && !IsToolName(name))
            node.Fault(
                "name",
                $"'{name}' is not a tool name: at most 64 characters of a-z, 0-9 and '_', beginning with a letter"
            );
        else if (name.Length > 0 && !prefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal)))
            node.Fault("name", $"'{name}' must begin with {string.Join(" or ", prefixes)}");
        var effect = node.Choice("effect", Effect.Read, PackKeywords.Effects, required: true);
        var idempotency = node.Choice(
            "idempotency",
            effect == Effect.Read ? Idempotency.Natural : Idempotency.None,
            PackKeywords.Idempotencies,
            required: effect != Effect.Read
        );
        var scopes = Scopes(node);
        var schemaElement = node.Raw("input_schema");
        if (schemaElement is { } element)
            CheckSchema(node, element);
        if (schemaElement is null)
            node.Fault(
                "input_schema",
                "is missing; for a tool without input write {\"type\": \"object\", \"properties\": {}, "
                    + "\"additionalProperties\": false}"
            );
        var requestNode = node.Object("request", required: true);
        var inputs = schemaElement is { ValueKind: JsonValueKind.Object } s ? InputNames(s) : null;
        var request = requestNode is null
            ? null
            : RequestReading.Request(requestNode, scope, inputs, effect, idempotency);
        var tool = new ToolDefinition
        {
            Name = name,
            Version = node.Text("version") ?? "1",
            Description = node.Text("description", required: true) ?? "",
            AlsoSaidAs = AlsoSaidAs(node),
            Effect = effect,
            Idempotency = idempotency,
            Scopes = scopes,
            InputSchema = schemaElement?.Clone() ?? default,
            AssertFormats = node.Flag("assert_formats"),
            Request = request ?? new ToolRequest { Method = "GET", Url = UrlTemplate.Parse("/") },
            DocsUrl = node.Text("docs_url"),
        };
        var confidence = node.Text("confidence");
        if (confidence is not null && !PackKeywords.Confidences.Contains(confidence))
            node.Fault("confidence", $"is '{confidence}'; use " + string.Join(", ", PackKeywords.Confidences.Order()));
        node.Text("notes");
        return tool with { Deprecated = RateReading.Deprecated(node) };
    }

    private static ImmutableArray<string> AlsoSaidAs(PackNode node)
    {
        var phrases = node.Texts("also_said_as");
        if (phrases.Length > MaxPhrases || phrases.Any(p => p.Length > MaxPhrase))
            node.Fault(
                "also_said_as",
                $"has more than {MaxPhrases} phrases, or one of more than {MaxPhrase} characters"
            );
        return phrases;
    }

    private static ScopeRequirement Scopes(PackNode node)
    {
        if (node.Raw("scopes") is null)
        {
            node.Fault("scopes", "is missing; write [] if the tool needs none");
            return ScopeRequirement.None;
        }

        var groups = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
        foreach (var (group, at) in node.Elements("scopes"))
        {
            if (
                group.ValueKind != JsonValueKind.Array
                || group.GetArrayLength() == 0
                || group.EnumerateArray().Any(s => s.ValueKind != JsonValueKind.String || s.GetString()!.Length == 0)
            )
                node.Faults.Add(
                    at,
                    "must be a list of at least one scope: an account must meet every group, with any one of its scopes"
                );
            else
                groups.Add([.. group.EnumerateArray().Select(s => s.GetString()!)]);
        }

        return new ScopeRequirement(groups.ToImmutable());
    }

    private static void CheckSchema(PackNode node, JsonElement element)
    {
        if (
            element.ValueKind != JsonValueKind.Object
            || !element.TryGetProperty("type", out var type)
            || type.ValueKind != JsonValueKind.String
            || type.GetString() != "object"
        )
        {
            node.Fault("input_schema", "must be a schema with \"type\": \"object\"");
            return;
        }

        if (JsonSchema.TryCompile(element.Clone(), closed: true, out _, out var faults))
            return;
        foreach (var fault in faults)
            node.Faults.Add(node.At("input_schema") + fault.Path, fault.Message);
    }

    private static HashSet<string> InputNames(JsonElement schema) =>
        schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? [.. properties.EnumerateObject().Select(p => p.Name)]
            : [];

    private static bool IsToolName(string name) =>
        name.Length <= 64
        && char.IsAsciiLetterLower(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
