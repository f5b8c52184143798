using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Core.Tests.Packs;

public sealed class ToolDiffTests
{
    private static readonly ToolDefinition Old = Make(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"integer","description":"a"},"who":{"type":"object","properties":{"name":{"type":"string"}}}},"required":["id"]}"""
    );

    [Theory]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"integer","description":"b"},"who":{"type":"object","properties":{"name":{"type":"string"}}}},"required":["id"]}""",
        false,
        null
    )]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"integer"},"who":{"type":"object","properties":{"name":{"type":"string"}}},"more":{"type":"string"}},"required":["id"]}""",
        false,
        "input more is new"
    )]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"integer"},"who":{"type":"object","properties":{"name":{"type":"string"}}},"more":{"type":"string"}},"required":["id","more"]}""",
        true,
        "input more is new and required"
    )]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"who":{"type":"object","properties":{"name":{"type":"string"}}}},"required":["id"]}""",
        true,
        "input size was removed"
    )]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"string"},"who":{"type":"object","properties":{"name":{"type":"string"}}}},"required":["id"]}""",
        true,
        "input size: type \"integer\" became type \"string\""
    )]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"integer"},"who":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}},"required":["id"]}""",
        true,
        "input who.name is required"
    )]
    [InlineData(
        """{"type":"object","properties":{"id":{"type":"string"},"size":{"type":"integer"},"who":{"type":"object","properties":{"name":{"type":"string"}}}}}""",
        false,
        "input id is no longer required"
    )]
    public void AnInputThatCouldRefuseACallBreaks(string schema, bool breaking, string? detail)
    {
        var changes = ToolDiff.Of([Old], [Make(schema)]);
        if (detail is null)
        {
            Assert.Empty(changes);
            return;
        }

        var change = Assert.Single(changes);
        Assert.Equal((breaking, breaking), (change.Breaking, change.SameVersion));
        Assert.Contains(detail, change.Details);
    }

    [Fact]
    public void Scopes_and_effects_count_and_so_does_a_new_version()
    {
        Assert.True(Change(Old with { Effect = Effect.Destructive }).Breaking);
        Assert.False(Change(Old with { Effect = Effect.Read }).Breaking);
        Assert.True(Change(Old with { Scopes = Needs("write") }).Breaking);
        // Whoever was granted the old minimum goes on.
        Assert.False(Change(Old with { Scopes = Needs("less", "read") }).Breaking);
        Assert.False(Change(Old with { Version = "2", Effect = Effect.Destructive }).SameVersion);
        Assert.Contains(
            "Deprecated since 2026-01-31; use acme_other.",
            Change(Old with { Deprecated = new Deprecation("2026-01-31", "acme_other", null) }).Details
        );
        Assert.Equal(["added", "removed"], ToolDiff.Of([Old], [Old with { Name = "acme_a" }]).Select(c => c.Kind));
        Assert.Empty(ToolDiff.Of([Old], [Old]));

        static ToolChange Change(ToolDefinition next) => Assert.Single(ToolDiff.Of([Old], [next]));
    }

    private static ScopeRequirement Needs(params string[] anyOf) =>
        new([
            [.. anyOf],
        ]);

    private static ToolDefinition Make(string schema) =>
        new()
        {
            Name = "acme_b",
            Version = "1",
            Description = "Does",
            Effect = Effect.Write,
            Idempotency = Idempotency.None,
            Scopes = Needs("read"),
            InputSchema = JsonDocument.Parse(schema).RootElement,
            Request = new ToolRequest { Method = "POST", Url = UrlTemplate.Parse("/b") },
        };
}
