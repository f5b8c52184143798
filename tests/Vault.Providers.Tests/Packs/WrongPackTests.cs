using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Templates;
using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Packs;

/// <summary>
/// Each wrong pack differs from a right one in one place, and is refused at that place, with its line and the reason.
/// </summary>
public sealed class WrongPackTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly JsonNode Fixtures = JsonNode.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "wrong-packs.json"))
    )!;

    public static TheoryData<string> Names { get; } =
    [.. Fixtures["cases"]!.AsArray().Select(c => (string)c!["name"]!)];

    [Fact]
    public void The_base_is_right()
    {
        var reading = Read(Fixtures["base"]!.ToJsonString());
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_refused_at_its_place(string name)
    {
        var fixture = Fixtures["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        var pack = Fixtures["base"]!.DeepClone();
        foreach (var change in fixture["change"]!.AsArray())
            Change(pack, change!);
        var text = pack.ToJsonString(Indented);

        var reading = Read(text);

        Assert.Null(reading.Pack);
        var (pointer, reason) = ((string)fixture["pointer"]!, (string)fixture["reason"]!);
        var all = string.Join("\n", reading.Faults.Select(f => $"{f.Path} {f.Message}"));
        var fault = reading.Faults.FirstOrDefault(f =>
            f.Path == pointer && f.Message.Contains(reason, StringComparison.Ordinal)
        );
        Assert.True(fault is not null, $"expected {pointer}: {reason}\nbut got\n{all}");
        Assert.StartsWith($"line {LineOf(text, pointer)}:", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pack_that_is_only_looked_at_leaves_no_pattern_behind()
    {
        var pack = Fixtures["base"]!.DeepClone();
        const string Pattern = "[a-z]{3,40}looked-at";
        var region = pack["parameters"]!["region"]!;
        region["pattern"] = "^" + Pattern + "$";
        region["example"] = "abclooked-at";
        region["default"] = "abclooked-at";
        var text = pack.ToJsonString();

        var looked = Patterns.WithoutCache(() => Read(text));
        Assert.True(looked.Pack is not null, string.Join("\n", looked.Faults));
        Assert.False(Patterns.IsCached(Compiled()));
        Read(text);
        Assert.True(Patterns.IsCached(Compiled()));

        static string Compiled() => "\\A(?:" + Pattern + ")\\z";
    }

    [Fact]
    public void Every_fault_is_reported_not_only_the_first()
    {
        var pack = Fixtures["base"]!.DeepClone();
        foreach (var at in new[] { "/colour", "/oauth/token_uri", "/tools/0/flavour" })
            Change(pack, JsonNode.Parse($"{{\"at\":\"{at}\",\"set\":1}}")!);
        Assert.Equal(
            ["/colour", "/oauth/token_uri", "/tools/0/flavour"],
            Read(pack.ToJsonString()).Faults.Select(f => f.Path).Order()
        );
    }

    [Theory]
    [InlineData("", "is not JSON")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("{\"format\":1,}", "is not JSON")]
    [InlineData("{\n\"format\":1\n\"id\":2}", "line 3")]
    public void What_is_no_json_object_is_refused(string text, string reason) =>
        Assert.Contains(reason, Assert.Single(Read(text).Faults).Message, StringComparison.Ordinal);

    [Fact]
    public void A_member_that_appears_twice_is_refused() =>
        Assert.Contains(
            Read("{\"format\":1,\n\"hosts\":[\"a.example.com\"],\n\"hosts\":[\"b.example.com\"]}").Faults,
            f => f.Path == "/hosts" && f.Message.Contains("twice", StringComparison.Ordinal)
        );

    internal static JsonNode Changed(string fixture)
    {
        var pack = Fixtures["base"]!.DeepClone();
        foreach (var change in JsonNode.Parse(fixture)!["change"]!.AsArray())
            Change(pack, change!);
        return pack;
    }

    private static Vault.Core.Packs.PackReading Read(string json) =>
        new PackReader().Read(Encoding.UTF8.GetBytes(json), "test");

    private static void Change(JsonNode root, JsonNode change)
    {
        var segments = ((string)change["at"]!)[1..].Split('/');
        var node = root;
        foreach (var segment in segments[..^1])
            node = node is JsonArray list
                ? list[int.Parse(segment, System.Globalization.CultureInfo.InvariantCulture)]!
                : node[segment]!;
        var last = segments[^1];
        if (node is JsonArray array)
        {
            var index = int.Parse(last, System.Globalization.CultureInfo.InvariantCulture);
            if (change["remove"] is not null)
                array.RemoveAt(index);
            else
                array[index] = change["set"]?.DeepClone();
        }
        else if (change["remove"] is not null)
            node.AsObject().Remove(last);
        else
            node[last] = change["set"]?.DeepClone();
    }

    /// <summary>
    /// The line of the place, or of the nearest one above it, counted by another way than the reader's: by reading up
    /// to the value's bytes.
    /// </summary>
    private static int LineOf(string text, string pointer)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (; ; pointer = pointer[..pointer.LastIndexOf('/')])
        {
            var reader = new Utf8JsonReader(bytes);
            if (Seek(ref reader, pointer.Length == 0 ? [] : pointer[1..].Split('/')))
                return text[..Encoding.UTF8.GetCharCount(bytes, 0, (int)reader.TokenStartIndex)].Split('\n').Length;
        }
    }

    private static bool Seek(ref Utf8JsonReader reader, string[] segments)
    {
        reader.Read();
        foreach (var segment in segments)
        {
            var index = 0;
            var isArray = reader.TokenType == JsonTokenType.StartArray;
            if (!isArray && reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (true)
            {
                reader.Read();
                if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
                    return false;
                var name = isArray
                    ? (index++).ToString(System.Globalization.CultureInfo.InvariantCulture)
                    : reader.GetString();
                if (!isArray)
                    reader.Read();
                if (name == segment)
                    break;
                reader.Skip();
            }
        }

        return true;
    }
}
