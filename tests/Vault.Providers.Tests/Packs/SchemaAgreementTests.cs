using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs.Schema;
using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Packs;

/// <summary>
/// Packs spoiled in one place, made by walking real ones: what the reader refuses for its shape, the published schema
/// refuses, too.
/// </summary>
public sealed class SchemaAgreementTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "packs");

    // Members are names there, or anything JSON may be.
    private static readonly string[] Free =
    [
        "/parameters",
        "/credentials",
        "/oauth/authorization_parameters",
        "/oauth/token_parameters",
        "/oauth/refresh_parameters",
        "/oauth/token_headers",
        "/oauth/answer/capture",
        "/assertion/claims",
        "/assertion/headers",
        "/revocation/parameters",
        "/headers",
        "/body",
        "/input_schema",
        "/fields",
        "/query",
        "/path",
        "/file",
    ];

    [Theory]
    [InlineData("slack")]
    [InlineData("zendesk")]
    [InlineData("snowflake_keypair")]
    [InlineData("github_app")]
    [InlineData("linear")]
    public void Both_refuse_what_is_spoiled(string id)
    {
        var schema = Load();
        var pack = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, id + ".json")))!;
        if (pack["tools"] is JsonArray tools)
        {
            while (tools.Count > 2)
                tools.RemoveAt(2);
        }

        var disagree = new List<string>();
        var spoiled = 0;
        foreach (var (at, spoil, undo) in Spoils(pack, ""))
        {
            spoil();
            var text = pack.ToJsonString();
            var (reader, published) = (
                new PackReader().Read(Encoding.UTF8.GetBytes(text), "spoiled").Pack is null,
                schema.Validate(JsonDocument.Parse(text).RootElement).Count > 0
            );
            if (!reader || !published)
                disagree.Add(
                    $"{at}: reader {(reader ? "refuses" : "takes")}, schema {(published ? "refuses" : "takes")}"
                );
            undo();
            spoiled++;
        }

        Assert.True(spoiled > 20, $"{spoiled}");
        Assert.Equal([], disagree);
    }

    private static IEnumerable<(string At, Action Spoil, Action Undo)> Spoils(JsonNode? node, string at)
    {
        if (node is JsonObject members)
        {
            if (!Free.Any(f => at.EndsWith(f, StringComparison.Ordinal)))
                yield return (at + "/zzz", () => members["zzz"] = 1, () => members.Remove("zzz"));
            foreach (var name in members.Select(m => m.Key).ToList())
            {
                var here = $"{at}/{name}";
                if (name is "input_schema" or "equals" or "value" or "default" || here == "/identity/body")
                    continue;
                var value = members[name];
                if (value is JsonValue && value.GetValueKind() == JsonValueKind.String)
                    yield return (here, () => members[name] = 12345, () => members[name] = value);
                else if (value is JsonObject or JsonArray)
                    yield return (here, () => members[name] = "text", () => members[name] = value);
                if (!Loose(here))
                {
                    foreach (var inner in Spoils(value, here))
                        yield return inner;
                }
            }
        }
        else if (node is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                foreach (var inner in Spoils(list[i], $"{at}/{i}"))
                    yield return inner;
            }
        }
    }

    /// <summary>A mapping may be a list or an object, and hold names or sources.</summary>
    private static bool Loose(string at) =>
        at.EndsWith("/fields", StringComparison.Ordinal)
        || at.EndsWith("/query", StringComparison.Ordinal)
        || at.EndsWith("/path", StringComparison.Ordinal)
        || at.EndsWith("/in", StringComparison.Ordinal);

    private static JsonSchema Load()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "pack.schema.json")));
        Assert.True(
            JsonSchema.TryCompile(document.RootElement.Clone(), closed: false, out var schema, out var faults),
            string.Join("\n", faults)
        );
        return schema;
    }
}
