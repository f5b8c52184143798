using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Packs.Schema;
using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Packs;

/// <summary>The schema that editors use says the same as the reader, as far as a schema can.</summary>
public sealed partial class PackSchemaTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "packs");
    private static readonly JsonSchema Schema = Load();

    public static TheoryData<string> Files { get; } =
    [
        .. Directory
            .EnumerateFiles(Folder, "*.json")
            .Select(f => Path.GetFileName(f))
            .Where(f => f != "pack.schema.json")
            .Order(),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_built_in_pack_fits_the_published_schema(string file)
    {
        using var pack = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
        Assert.Empty(Schema.Validate(pack.RootElement));
    }

    [Fact]
    public void The_example_of_the_readme_is_a_pack()
    {
        var readme = File.ReadAllText(Path.Combine(Folder, "README.md"));
        var example = Example().Match(readme).Groups[1].Value;
        var reading = new PackReader().Read(Encoding.UTF8.GetBytes(example), "README.md");
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults));
        using var pack = JsonDocument.Parse(example);
        Assert.Empty(Schema.Validate(pack.RootElement));
    }

    [Theory]
    [InlineData("""{"format":1,"extends":"slack","tools":[]}""", true)]
    [InlineData(
        """{"format":1,"extends":"slack","set":"mine","tools":[{"name":"slack_ping","description":"Ping","effect":"read","scopes":[],"input_schema":{"type":"object"},"request":{"method":"GET","url":"/ping"}}]}""",
        true
    )]
    [InlineData("""{"format":1,"extends":"slack"}""", false)]
    [InlineData("""{"extends":"slack","tools":[]}""", false)]
    [InlineData("""{"format":1,"extends":"slack","tools":[],"hosts":["evil.example.com"]}""", false)]
    [InlineData("""{"format":1,"extends":"Slack!","tools":[]}""", false)]
    [InlineData("""{"format":1,"extends":"slack","tools":[{"name":"slack_ping"}]}""", false)]
    public void AToolSetIsKnown_AndIsNotAPackAtTheSameTime(string text, bool right)
    {
        Assert.Equal(right, Schema.Validate(JsonDocument.Parse(text).RootElement).Count == 0);
        Assert.True(Packs().TryGetValue("slack", out var slack));
        Assert.Equal(
            right || text.Contains("Slack!", StringComparison.Ordinal),
            ToolSetReader.Read(Encoding.UTF8.GetBytes(text), "set", slack).Tools is not null
        );
    }

    [Theory]
    [InlineData(""" "tools":[{"name":"slack_send_message" """, "/tools/0/name", "is already a tool of the pack")]
    [InlineData(""" "tools":[{"name":"other_ping" """, "/tools/0/name", "must begin with slack_")]
    [InlineData(
        """ "tools":[{"name":"slack_ping","rate_class":"tier_9" """,
        "/tools/0/rate_class",
        "is not one of the pack's rate_classes"
    )]
    [InlineData(
        """ "tools":[{"name":"slack_ping","request":{"method":"GET","url":"https://evil.example.com/x"} """,
        "/tools/0/request/url",
        "evil.example.com"
    )]
    public void AWrongToolSetIsRefusedAtItsPlaceAndLine(string part, string place, string reason)
    {
        var text =
            "{\"format\":1,\n\"extends\":\"slack\",\n"
            + part
            + (
                part.Contains("request", StringComparison.Ordinal)
                    ? ""
                    : ",\"request\":{\"method\":\"GET\",\"url\":\"/ping\"}"
            )
            + ",\"description\":\"Ping\",\"effect\":\"read\",\"scopes\":[],\"input_schema\":{\"type\":\"object\"}}]}";
        var fault = Assert.Single(ToolSetReader.Read(Encoding.UTF8.GetBytes(text), "set", Packs()["slack"]).Faults);
        Assert.Equal(place, fault.Path);
        Assert.StartsWith("line 3: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, Vault.Core.Packs.ProviderPack> Packs() =>
        new()
        {
            ["slack"] = new PackReader()
                .Read(File.ReadAllBytes(Path.Combine(Folder, "slack.json")), "slack.json")
                .Pack!,
        };

    [Theory]
    [InlineData("unknown member")]
    [InlineData("bad version")]
    [InlineData("rotation unknown")]
    [InlineData("bad tool name")]
    [InlineData("scope group empty")]
    [InlineData("status out of range")]
    [InlineData("pattern not anchored")]
    [InlineData("unknown method")]
    public void The_schema_refuses_what_it_can_see(string name)
    {
        using var fixtures = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Cases", "wrong-packs.json"))
        );
        var fixture = fixtures
            .RootElement.GetProperty("cases")
            .EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == name);
        var pack = WrongPackTests.Changed(fixture.GetRawText());
        Assert.NotEmpty(Schema.Validate(JsonSerializer.SerializeToElement(pack)));
    }

    private static JsonSchema Load()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "pack.schema.json")));
        Assert.True(
            JsonSchema.TryCompile(document.RootElement.Clone(), closed: false, out var schema, out var faults),
            string.Join("\n", faults)
        );
        return schema;
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
