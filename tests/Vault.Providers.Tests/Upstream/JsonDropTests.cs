using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Vault.Core.Templates;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

public sealed class JsonDropTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2}""", "b", """{"a":1}""")]
    [InlineData(
        """[{"id":1,"url":"x","user":{"id":2,"url":"y"}},{"id":3}]""",
        "*.url *.user.url",
        """[{"id":1,"user":{"id":2}},{"id":3}]"""
    )]
    [InlineData("""{"items":[{"url":1},{"url":2,"ü":"é"}]}""", "items.*.url", """{"items":[{},{"ü":"é"}]}""")]
    [InlineData("""{"x":{"url":1},"y":{"url":2,"z":3}}""", "*.url", """{"x":{},"y":{"z":3}}""")]
    [InlineData("""{"a":1}""", "b.c a.b", """{"a":1}""")]
    [InlineData("""[1,"a",null,true,1.50]""", "*.a", """[1,"a",null,true,1.50]""")]
    [InlineData("7", "a", "7")]
    public void LeavesOutWhatIsNamedAndNothingElse(string json, string paths, string expected) =>
        Assert.Equal(
            expected,
            Encoding.UTF8.GetString(
                JsonDrop.Write(JsonDocument.Parse(json).RootElement, [.. paths.Split(' ').Select(ValuePath.Parse)])
            )
        );

    [Fact]
    public void Nothing_named_is_nothing_dropped() =>
        Assert.Equal(
            """{"a":[1]}""",
            Encoding.UTF8.GetString(
                JsonDrop.Write(JsonDocument.Parse("""{"a":[1]}""").RootElement, ImmutableArray<ValuePath>.Empty)
            )
        );
}
