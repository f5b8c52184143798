using System.Text;
using System.Text.Json;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

public sealed class JsonCutTests
{
    private const string Sample = """
        { "items": [ {"id": 1, "tags": ["a", "b,]}"]}, {"id": 2, "text": "ü\"\\ 👍"}, [], {}, null, true, -1.5e3 ], "next": {"cursor": "x", "deep": [[[1, 2], 3]]}, "n": 12 }
        """;

    /// <summary>For every size: valid JSON, within the size, and a prefix of what was sent.</summary>
    [Fact]
    public void Every_cut_is_valid_json_within_its_size()
    {
        var bytes = Encoding.UTF8.GetBytes(Sample);
        var last = 0;
        for (var cap = 0; cap <= bytes.Length + 5; cap++)
        {
            var cut = JsonCut.Cut(bytes, cap);
            Assert.True(cut.Length <= cap);
            if (cut.Length == 0)
                continue;
            using var document = JsonDocument.Parse(cut);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
            Assert.True(cut.Length >= last, "a larger size never keeps less");
            last = cut.Length;
        }

        Assert.True(
            JsonElement.DeepEquals(
                JsonDocument.Parse(bytes).RootElement,
                JsonDocument.Parse(JsonCut.Cut(bytes, bytes.Length)).RootElement
            )
        );
    }

    /// <summary>The beginning of a body that was not read to its end is closed just so.</summary>
    [Fact]
    public void Every_beginning_of_a_body_is_closed()
    {
        var bytes = Encoding.UTF8.GetBytes(Sample);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var cut = JsonCut.Cut(bytes.AsSpan(0, length), 10_000);
            if (cut.Length > 0)
                JsonDocument.Parse(cut).Dispose();
        }
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("]")]
    [InlineData("")]
    public void What_is_no_json_gives_nothing(string text) =>
        Assert.Empty(JsonCut.Cut(Encoding.UTF8.GetBytes(text), 100));
}
