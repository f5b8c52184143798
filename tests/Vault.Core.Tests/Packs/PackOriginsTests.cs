using System.Collections.Immutable;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Packs;

public sealed class PackOriginsTests
{
    private readonly AcmePacks _packs = new(new RefreshPolicy { Rotation = Rotation.Never });

    private ProviderPack Pack => _packs.All.Single();

    [Fact]
    public void The_origins_are_those_of_every_url_that_the_parameters_lead_to()
    {
        Assert.Equal(["https://api.acme.example", AcmePacks.Auth], Of(("host", "api.acme.example")).Origins);
        Assert.Equal(["https://api.acme.example", AcmePacks.Auth], Of().Origins);
        Assert.Equal([AcmePacks.Auth, "https://eu.acme.example"], Of(("host", "eu.acme.example")).Origins);
        // A value that does not match its pattern leads nowhere; no request can be made with it either.
        Assert.Equal([AcmePacks.Auth], Of(("host", "EVIL")).Origins);
    }

    [Fact]
    public void A_template_shows_its_origin_without_its_path()
    {
        var places = new Dictionary<string, string> { ["base"] = "http://127.0.0.1:9090", ["host"] = "a.example" };
        Assert.Equal("http://127.0.0.1:9090", Origin("{base}/api/{item}"));
        Assert.Equal("https://a.example", Origin("https://{host}/v1/{item}?q={item}"));
        Assert.Equal("https://x.a.example:8443", Origin("https://x.{host}:8443"));
        Assert.Equal("https://fixed.example", Origin("https://FIXED.example:443/{item}"));
        Assert.Null(Origin("https://{missing}.example/"));
        Assert.Equal("https://fixed.example", UrlTemplate.Parse("https://fixed.example/{item}").FixedOrigin);
        Assert.Null(UrlTemplate.Parse("https://{host}/").FixedOrigin);
        Assert.Null(UrlTemplate.Parse("/relative").FixedOrigin);

        string? Origin(string template) => UrlTemplate.Parse(template).Origin(places.GetValueOrDefault);
    }

    [Fact]
    public void A_token_answer_moves_an_account_to_another_host_of_its_own()
    {
        _packs.Replace("https://{site}", AcmePacks.Auth);
        var bound = Of();
        Assert.Equal([AcmePacks.Auth], bound.Origins);
        var first = Moved(bound, [], ("site", "one.acme.example"));
        Assert.Equal([AcmePacks.Auth, "https://one.acme.example"], first.Origins);
        var second = Moved(first, [("site", "one.acme.example")], ("site", "two.acme.example"));
        Assert.Contains("https://two.acme.example", second.Origins);
        Assert.Same(second, Moved(second, [("site", "two.acme.example")], ("site", "two.acme.example")));
    }

    [Fact]
    public void A_token_answer_does_not_take_along_what_was_edited_since()
    {
        _packs.Replace("https://{site}.{host}", AcmePacks.Auth);
        var bound = Of(("host", "acme.example"), ("site", "one"));
        // The connection was edited: the host is another one. The answer changes only the site.
        var moved = Moved(bound, [("host", "evil.example"), ("site", "one")], ("site", "two"));
        Assert.Equal(bound, moved);
        var first = Moved(Of(("host", "acme.example")), [("host", "evil.example")], ("site", "two"));
        Assert.Equal([AcmePacks.Auth], first.Origins);
    }

    [Fact]
    public void The_set_does_not_grow_without_end()
    {
        _packs.Replace("https://{site}", AcmePacks.Auth);
        var (bound, now) = (Of(("site", "a")), "a");
        for (var i = 0; i < 200; i++)
        {
            var next = new string((char)('a' + (i % 26)), 1 + (i / 26)) + "x";
            bound = Moved(bound, [("site", now)], ("site", next));
            now = next;
            Assert.Contains("https://" + now, bound.Origins);
            Assert.Contains(AcmePacks.Auth, bound.Origins);
        }

        Assert.InRange(bound.Origins.Count, 2, 65);
    }

    private Destinations Of(params (string Name, string Value)[] parameters) =>
        PackOrigins.Of(_packs, Pack, Values(parameters));

    private Destinations Moved(
        Destinations bound,
        (string Name, string Value)[] before,
        params (string Name, string Value)[] captured
    ) => PackOrigins.Moved(bound, _packs, Pack, Values(before), Values(captured));

    private static ImmutableSortedDictionary<string, string> Values((string Name, string Value)[] parameters) =>
        parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
}
