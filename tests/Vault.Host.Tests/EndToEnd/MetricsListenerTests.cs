using System.Net;
using Vault.Host.Options;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>With a listener of its own, /metrics is at no other address, whatever a request says.</summary>
public sealed class MetricsListenerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-metrics-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_listener_serves_what_is_its_own()
    {
        var (main, metrics) = (FreePorts.Next(), FreePorts.Next());
        var (options, faults) = VaultOptions.Read(
            [
                "--listen",
                "http://127.0.0.1:" + main,
                "--metrics-listen",
                "http://127.0.0.1:" + metrics,
                "--environment",
                "development",
                "--data",
                _folder,
            ],
            []
        );
        Assert.Empty(faults);
        await using var host = await VaultHost.CreateAsync(options!, null, default);
        using (await host.StartAsync(default)) { }

        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, await GetAsync(metrics, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(main, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(main, "/metrics", "127.0.0.1:" + metrics));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(metrics, "/v1/providers"));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(metrics, "/docs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(main, "/v1/providers"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(metrics, "/health/live"));
        await host.StopAsync(default);

        async Task<HttpStatusCode> GetAsync(int port, string path, string? hostHeader = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}{path}");
            request.Headers.Host = hostHeader;
            using var response = await http.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData("https://127.0.0.1:9464")]
    [InlineData("http://127.0.0.1:8080")]
    public void A_listener_needs_plain_http_and_a_port_of_its_own(string address)
    {
        var (_, faults) = VaultOptions.Read(["--metrics-listen", address, "--environment", "development"], []);
        Assert.Contains("VAULT_METRICS_LISTEN", Assert.Single(faults), StringComparison.Ordinal);
    }
}
