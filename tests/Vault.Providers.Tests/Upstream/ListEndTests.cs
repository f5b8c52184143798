using System.Text.Json;
using Vault.Core.Execution;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

/// <summary>
/// How lists end: in every common form, by a cursor that comes back, and not silently where the next page may not be
/// requested.
/// </summary>
public sealed class ListEndTests
{
    private const string ByCursor =
        """{"method":"GET","url":"/things","query":["q"],"paging":{"style":"cursor","parameter":"at","next":"next"}}""";

    private const string ByUrl =
        """{"method":"GET","url":"/things","query":["q"],"paging":{"style":"next_url","next":"next"}}""";

    private const string ByLink = """{"method":"GET","url":"/things","query":["q"],"paging":{"style":"link_header"}}""";

    [Theory]
    [InlineData("null")]
    [InlineData("false")]
    [InlineData("true")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("0.0")]
    [InlineData("\"\"")]
    [InlineData("\" \"")]
    [InlineData("\"0\"")]
    [InlineData("\"null\"")]
    [InlineData("\"None\"")]
    [InlineData("[]")]
    [InlineData("{}")]
    public async Task A_value_that_is_no_position_ends_a_list(string next)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, $$"""{"items":[1],"next":{{next}}}"""));
        foreach (var request in new[] { ByCursor, ByUrl })
        {
            using var tool = new OddTool { Request = request };
            var reply = await tool.SendAsync(peer.BaseUrl);
            Assert.Null(reply.NextPageToken);
            Assert.Empty(reply.Warnings);
        }
    }

    [Theory]
    [InlineData("\"abc\"", "abc")]
    [InlineData("12", "12")]
    [InlineData("12.0", "12")]
    public async Task A_position_goes_on(string next, string sent)
    {
        using var tool = new OddTool { Request = ByCursor };
        await using var peer = new OddPeer(_ => OddPeer.Http(200, $$"""{"items":[1],"next":{{next}}}"""));
        var first = await tool.SendAsync(peer.BaseUrl);
        await tool.SendAsync(peer.BaseUrl, page: first.NextPageToken);
        Assert.StartsWith($"GET /things?at={sent} ", peer.LastRequest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("\"false\"", false)]
    [InlineData("\"N\"", false)]
    [InlineData("null", false)]
    [InlineData("true", true)]
    [InlineData("1", true)]
    [InlineData("\"true\"", true)]
    public async Task Whether_there_is_more_is_said_in_many_ways(string more, bool goesOn)
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, $$"""{"items":[{"id":"a"}],"next":"x","more":{{more}}}""")
        );
        foreach (
            var paging in new[]
            {
                "\"style\":\"cursor\",\"next\":\"next\"",
                "\"style\":\"last_id\",\"items\":\"items\",\"item_id\":\"id\"",
                "\"style\":\"page\",\"items\":\"items\"",
            }
        )
        {
            using var tool = new OddTool
            {
                Request =
                    $$$"""{"method":"GET","url":"/things","query":["q"],"paging":{ {{{paging}}},"parameter":"at","has_more":"more"} }""",
            };
            Assert.Equal(goesOn, (await tool.SendAsync(peer.BaseUrl)).NextPageToken is not null);
        }
    }

    [Theory]
    [InlineData(ByCursor, "a,b,c,a")]
    [InlineData(ByUrl, "/things?n=1,/things?n=2,/things")]
    [InlineData(ByUrl, "/things?n=1,/things?n=1")]
    [InlineData(ByCursor, "a,b,b")]
    public async Task A_position_seen_before_ends_a_list(string request, string positions)
    {
        using var tool = new OddTool { Request = request };
        var left = new Queue<string>(positions.Split(','));
        var expected = left.Count;
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, JsonSerializer.Serialize(new { next = left.Count > 0 ? left.Dequeue() : "z" }))
        );
        string? page = null;
        var pages = 0;
        do
        {
            page = (await tool.SendAsync(peer.BaseUrl, page: page)).NextPageToken;
            pages++;
        } while (page is not null && pages < 20);
        Assert.Equal(expected, pages);
    }

    [Theory]
    [InlineData("</p?n=2>; rel=\"next\"", true)]
    [InlineData("</p?n=2>; rel=next", true)]
    [InlineData("</p?n=2>;REL=\"Next\"", true)]
    [InlineData("</p?n=2>; title=\"x, <y>; rel=next\"; rel = \"last next\"", true)]
    [InlineData("</p?n=9>; rel=\"last\", </p?n=2>; rel=\"next\"", true)]
    [InlineData("</p?n=9>; title=\"rel=next\"; rel=last", false)]
    [InlineData("</p?n=9>; rel=\"prev\"; rel=\"next\"", false)]
    [InlineData("</p?n=9>; rel=\"https://rels.example/next\"", false)]
    [InlineData("</p?n=9>; rel=next; anchor=\"#other\"", false)]
    public async Task The_relation_of_a_link_is_read_as_rfc_8288_says(string link, bool goesOn)
    {
        using var tool = new OddTool { Request = ByLink };
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, "[1]", $"Content-Type: application/json\r\nLink: {link}\r\n")
        );
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal(goesOn, reply.NextPageToken is not null);
        if (!goesOn)
            return;
        await tool.SendAsync(peer.BaseUrl, page: reply.NextPageToken);
        Assert.StartsWith("GET /p?n=2 ", peer.LastRequest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://localhost:1/things?page=2")]
    [InlineData("https://api.elsewhere.example/things?page=2")]
    [InlineData("ftp://127.0.0.1/x")]
    public async Task A_next_page_that_may_not_be_requested_is_told(string next)
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(
                200,
                JsonSerializer.Serialize(new { next }),
                $"Content-Type: application/json\r\nLink: <{next}>; rel=next\r\n"
            )
        );
        foreach (var request in new[] { ByUrl, ByLink })
        {
            using var tool = new OddTool { Request = request };
            var reply = await tool.SendAsync(peer.BaseUrl);
            Assert.Null(reply.NextPageToken);
            Assert.Equal(ExecutionWarning.NextPageNotFollowed, Assert.Single(reply.Warnings).Code);
        }
    }

    [Fact]
    public async Task A_list_whose_position_lies_behind_the_read_limit_does_not_look_complete()
    {
        using var tool = new OddTool { Request = ByCursor };
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, JsonSerializer.Serialize(new { items = new string('x', 5_000), next = "b" }))
        );
        var reply = await tool.SendAsync(
            peer.BaseUrl,
            options: new UpstreamOptions { OutputCap = 1024, ReadCap = 2048 }
        );
        Assert.True(reply.Truncated);
        Assert.Equal(ExecutionWarning.NextPageUnknown, Assert.Single(reply.Warnings).Code);
    }
}
