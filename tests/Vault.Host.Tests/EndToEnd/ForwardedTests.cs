using System.Net;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// Behind a reverse proxy each visitor has a limit of its own, if the proxy is trusted; nobody else can choose whose
/// limit is used.
/// </summary>
public abstract class ForwardedTests(IHosts hosts)
{
    // Each stranger has an address of its own, so that no other test is short of what this one uses up.
    [Theory]
    [InlineData(World.TrustedProxy, false)]
    [InlineData("127.0.0.3", true)]
    public async Task The_header_of_a_proxy_counts_only_if_it_is_trusted(string proxy, bool oneForAll)
    {
        await using var world = await hosts.StartAsync();
        using var visitor = World.NewClient(world.Urls[0], null, proxy);
        async Task<HttpStatusCode> VisitAsync(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/connect/not-a-link");
            request.Headers.Add("X-Forwarded-For", address);
            using var response = await visitor.SendAsync(request);
            return response.StatusCode;
        }

        // One visitor uses its allowance up; then another comes. Where they share one, it may have been filled again
        // before the other came.
        await Eventually.UntilAsync(
            async () =>
            {
                var crowd = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => VisitAsync("203.0.113.1")));
                if (!crowd.Contains(HttpStatusCode.TooManyRequests))
                    return null;
                return (HttpStatusCode?)await VisitAsync("203.0.113.2");
            },
            other =>
            {
                Assert.True(oneForAll || other != HttpStatusCode.TooManyRequests);
                return other is not null && (other == HttpStatusCode.TooManyRequests) == oneForAll;
            },
            pause: TimeSpan.Zero
        );
    }
}
