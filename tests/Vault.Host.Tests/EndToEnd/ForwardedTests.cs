using System.Net;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>Behind a reverse proxy each visitor has a limit of its own, if the proxy is trusted; nobody else can choose whose limit is used.</summary>
public abstract class ForwardedTests(IHosts hosts)
{
    [Theory]
    [InlineData("127.0.0.0/8", false)]
    [InlineData("10.9.9.9", true)]
    public async Task The_header_of_a_proxy_counts_only_if_it_is_trusted(string trusted, bool oneForAll)
    {
        await using var world = await hosts.StartAsync(1, postgres: false, "--trusted-proxies", trusted);
        using var visitor = World.NewClient(world.Urls[0], null);
        async Task<HttpStatusCode> VisitAsync(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/connect/not-a-link");
            request.Headers.Add("X-Forwarded-For", address);
            using var response = await visitor.SendAsync(request);
            return response.StatusCode;
        }

        // One visitor uses its allowance up; then another comes.
        var first = await VisitAsync("203.0.113.1");
        for (var i = 0; i < 2_000 && first != HttpStatusCode.TooManyRequests; i++) first = await VisitAsync("203.0.113.1");
        Assert.Equal(HttpStatusCode.TooManyRequests, first);
        Assert.Equal(oneForAll, await VisitAsync("203.0.113.2") == HttpStatusCode.TooManyRequests);
    }
}
