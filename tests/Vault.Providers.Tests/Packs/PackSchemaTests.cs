using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Tools.Schema;
using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Packs;

/// <summary>The schema that editors use says the same as the reader, as far as a schema can.</summary>
public sealed partial class PackSchemaTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "packs");
    private static readonly JsonSchema Schema = Load();

    public static TheoryData<string> Files { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(f => Path.GetFileName(f)).Where(f => f != "pack.schema.json").Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryBuiltInPackFitsThePublishedSchema(string file)
    {
        using var pack = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
        Assert.Empty(Schema.Validate(pack.RootElement));
    }

    [Fact]
    public void TheExampleOfTheReadmeIsAPack()
    {
        var readme = File.ReadAllText(Path.Combine(Folder, "README.md"));
        var example = Example().Match(readme).Groups[1].Value;
        var reading = new PackReader().Read(Encoding.UTF8.GetBytes(example), "README.md");
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults));
        using var pack = JsonDocument.Parse(example);
        Assert.Empty(Schema.Validate(pack.RootElement));
    }

    [Theory]
    [InlineData("unknown member")]
    [InlineData("bad version")]
    [InlineData("rotation unknown")]
    [InlineData("bad tool name")]
    [InlineData("scope group empty")]
    [InlineData("status out of range")]
    [InlineData("pattern not anchored")]
    [InlineData("unknown method")]
    public void TheSchemaRefusesWhatItCanSee(string name)
    {
        using var fixtures = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Cases", "wrong-packs.json")));
        var fixture = fixtures.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        var pack = WrongPackTests.Changed(fixture.GetRawText());
        Assert.NotEmpty(Schema.Validate(JsonSerializer.SerializeToElement(pack)));
    }

    private static JsonSchema Load()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "pack.schema.json")));
        Assert.True(JsonSchema.TryCompile(document.RootElement.Clone(), closed: false, out var schema, out var faults), string.Join("\n", faults));
        return schema;
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
