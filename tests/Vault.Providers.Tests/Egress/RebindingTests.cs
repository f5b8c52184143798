using System.Net;
using Vault.Providers.Egress;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Egress;

/// <summary>The connection goes to an address that was checked, whatever DNS says a moment later.</summary>
public sealed class RebindingTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:10.0.0.1")]
    public async Task A_public_name_that_answers_an_inner_address_is_refused_also_in_development(string address)
    {
        var resolver = new Script([
            [IPAddress.Parse(address)],
        ]);
        using var http = Http(resolver, 443);
        Assert.Equal(
            SendFailure.EgressDenied,
            SendFailures.Of(await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(http, 443)))
        );
        Assert.Equal(1, resolver.Asked);
    }

    [Fact]
    public async Task One_forbidden_address_among_good_ones_refuses_the_answer()
    {
        var resolver = new Script([
            [IPAddress.Parse("93.184.216.34"), IPAddress.Parse("169.254.169.254")],
        ]);
        using var http = Http(resolver, 443);
        Assert.Equal(
            SendFailure.EgressDenied,
            SendFailures.Of(await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(http, 443)))
        );
    }

    [Fact]
    public async Task The_answer_is_asked_for_once_so_there_is_no_second_one_to_fall_for()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        var port = new Uri(peer.BaseUrl).Port;
        // The checked answer is the loopback peer (which the operator lists); the one after it would be metadata.
        var resolver = new Script([
            [IPAddress.Loopback],
            [IPAddress.Parse("169.254.169.254")],
        ]);
        using var http = Http(resolver, port, "127.0.0.1");
        using var response = await GetAsync(http, port);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal((1, 1), (peer.Requests, resolver.Asked));
    }

    [Fact]
    public async Task A_name_without_addresses_is_not_resolved()
    {
        using var http = Http(
            new Script([
                [],
            ]),
            443
        );
        Assert.Equal(
            SendFailure.NameUnknown,
            SendFailures.Of(await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(http, 443)))
        );
    }

    private static Task<HttpResponseMessage> GetAsync(ProviderHttp http, int port) =>
        http.Api.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"http://rebind.example.com:{port}/"), default);

    private static ProviderHttp Http(IHostResolver resolver, int port, params string[] allow)
    {
        var options = new EgressOptions { AllowLoopback = true };
        // The port is opened by name so that the address alone decides; the name itself is not trusted with private
        // addresses here.
        foreach (var entry in allow)
            options.Allow.Add(entry + ":" + port);
        if (allow.Length > 0)
            options.Allow.Add("rebind.example.com:" + port);
        return new ProviderHttp(options, resolver);
    }

    private sealed class Script(IPAddress[][] answers) : IHostResolver
    {
        private int _asked;

        public int Asked => _asked;

        public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<IPAddress>>(
                answers[Math.Min(Interlocked.Increment(ref _asked) - 1, answers.Length - 1)]
            );
    }
}
