using Vault.Core.Execution;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Upstream;

/// <summary>
/// Reads follow redirects within the pack's hosts, and to its hosts of files without the credential; nothing else is
/// followed, and its location is told.
/// </summary>
public sealed class RedirectTests
{
    private const string Files = ",\"file_hosts\":[\"localhost\"]";

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_read_follows_within_its_origin_with_the_credential(int status)
    {
        using var tool = new OddTool();
        await using var peer = new OddPeer(request =>
            request.StartsWith("GET /things", StringComparison.Ordinal)
                ? OddPeer.Http(status, "", "Location: /moved?id=3#part\r\n")
                : OddPeer.Http(200, "{\"found\":true}")
        );
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal((UpstreamOutcome.Succeeded, 2), (reply.Outcome, peer.Requests));
        Assert.StartsWith("GET /moved?id=3 ", peer.LastRequest, StringComparison.Ordinal);
        Assert.Contains("X-Key: " + OddTool.Key, peer.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_fetched_from_a_host_of_files_without_the_credential()
    {
        using var tool = new OddTool { Rest = Files };
        await using var files = new OddPeer(_ => OddPeer.Http(200, "the file", "Content-Type: text/plain\r\n"));
        var location = files.BaseUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/f.txt?sig=9";
        await using var peer = new OddPeer(_ => OddPeer.Http(302, "", $"Location: {location}\r\n"));
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal("the file", reply.Data!.Value.GetString());
        Assert.StartsWith("GET /f.txt?sig=9 ", files.LastRequest, StringComparison.Ordinal);
        Assert.DoesNotContain(OddTool.Key, files.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_port_of_the_host_is_another_server_and_gets_no_credential()
    {
        using var tool = new OddTool();
        await using var other = new OddPeer(_ => OddPeer.Http(200, "[]"));
        await using var peer = new OddPeer(_ => OddPeer.Http(302, "", $"Location: {other.BaseUrl}/x\r\n"));
        Assert.Equal(UpstreamOutcome.Succeeded, (await tool.SendAsync(peer.BaseUrl)).Outcome);
        Assert.DoesNotContain(OddTool.Key, other.LastRequest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://elsewhere.example.net/f")]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("http://user:pass@127.0.0.1/f")]
    [InlineData("file:///etc/passwd")]
    public async Task Any_other_redirect_is_the_answer_and_its_location_is_told(string location)
    {
        using var tool = new OddTool { Rest = Files };
        await using var peer = new OddPeer(_ => OddPeer.Http(302, "", $"Location: {location}\r\n"));
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal((UpstreamOutcome.Rejected, 302, 1), (reply.Outcome, reply.Status, peer.Requests));
        Assert.Equal(location, reply.Headers.Single(h => h.Name == "location").Value);
    }

    [Fact]
    public async Task A_circle_ends_and_a_refusal_of_a_host_of_files_is_none_of_the_credential()
    {
        using var tool = new OddTool { Rest = Files };
        await using var circle = new OddPeer(_ => OddPeer.Http(302, "", "Location: /things\r\n"));
        Assert.Equal(302, (await tool.SendAsync(circle.BaseUrl)).Status);
        Assert.Equal(6, circle.Requests);

        await using var files = new OddPeer(_ => OddPeer.Http(401, "expired", "Content-Type: text/plain\r\n"));
        var location = files.BaseUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/f";
        await using var peer = new OddPeer(_ => OddPeer.Http(302, "", $"Location: {location}\r\n"));
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal((UpstreamOutcome.Rejected, 401), (reply.Outcome, reply.Status));
    }

    [Theory]
    [InlineData("""{"method":"POST","url":"/things","query":["q"]}""", 307, 1)]
    [InlineData("""{"method":"POST","url":"/search","body":{"format":"json","fields":["q"]}}""", 302, 1)]
    [InlineData("""{"method":"POST","url":"/search","body":{"format":"json","fields":["q"]}}""", 307, 2)]
    public async Task A_write_is_not_followed_and_a_read_by_post_only_where_its_body_goes_along(
        string request,
        int status,
        int requests
    )
    {
        using var tool = new OddTool { Request = request };
        await using var peer = new OddPeer(text =>
            text.StartsWith("POST /moved", StringComparison.Ordinal)
                ? OddPeer.Http(200, "{}")
                : OddPeer.Http(status, "", "Location: /moved\r\n")
        );
        var reply = await tool.SendAsync(peer.BaseUrl, new { q = "x" });
        Assert.Equal(requests, peer.Requests);
        if (requests == 2)
            Assert.EndsWith("""{"q":"x"}""", peer.LastRequest, StringComparison.Ordinal);
        else
            Assert.Equal(peer.BaseUrl + "/moved", reply.Headers.Single(h => h.Name == "location").Value);
    }
}
