using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

public sealed class FallbackEndpointsTests
{
    [Fact]
    public async Task Every_answer_has_its_request_id_and_headers()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var path in new[] { "/nowhere", "/v1/organizations", "/health/live" })
        {
            var reply = await host.GetAsync(path);
            Assert.Equal(reply.Header("X-Request-Id"), reply["request_id"]);
            Assert.Equal("no-store", reply.Header("Cache-Control"));
            Assert.Equal("nosniff", reply.Header("X-Content-Type-Options"));
            Assert.Contains(
                "frame-ancestors 'none'",
                reply.Header("Content-Security-Policy"),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task A_path_that_is_not_there_and_a_method_that_does_not_fit_are_problems()
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.GetAsync("/v2/anything", null)).Is(404, "not_found");
        var wrong = (await host.SendAsync(HttpMethod.Delete, "/v1/organizations", null)).Is(405);
        Assert.Equal("application/problem+json", wrong.Header("Content-Type"));
        Assert.Equal("GET, HEAD, OPTIONS, POST", string.Join(", ", wrong.Header("Allow")!.Split(", ").Order()));
        var options = (await host.SendAsync(HttpMethod.Options, "/v1/organizations", null, null)).Is(204);
        Assert.Null(options.Header("Access-Control-Allow-Origin"));
        Assert.Equal("up 1", (await host.GetAsync("/metrics", null)).Is(200).Text);
    }

    [Fact]
    public async Task Head_answers_like_get_without_a_body_and_never_on_the_callback()
    {
        await using var host = await GatewayHost.StartAsync();
        var head = (await host.SendAsync(HttpMethod.Head, "/v1/organizations", null)).Is(200);
        Assert.Empty(head.Text);
        Assert.True(head.Message.Content.Headers.ContentLength > 0);
        (await host.SendAsync(HttpMethod.Head, "/oauth/callback?state=x", null, null)).Is(405);
    }

    [Fact]
    public async Task A_fault_shows_no_more_than_its_request_id()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Store.Before = call =>
            call == "organizations.list" ? throw new InvalidOperationException("inner detail") : Task.CompletedTask;
        var reply = (await host.GetAsync("/v1/organizations")).Is(500, "internal");
        Assert.DoesNotContain("inner detail", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(" at ", reply.Text, StringComparison.Ordinal);
        Assert.Contains(host.Logs.Lines, line => line.Contains("inner detail", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_is_down_is_a_503_that_says_when_to_come_back()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Store.Before = call =>
            call == "organizations.list"
                ? throw new Vault.Core.Errors.StoreUnavailableException("down", false)
                : Task.CompletedTask;
        var reply = (await host.GetAsync("/v1/organizations")).Is(503, "store_unavailable");
        Assert.Equal("1", reply.Header("Retry-After"));
    }

    /// <summary>The first read of an export comes when the answer is being written; it was an empty 500.</summary>
    [Theory]
    [InlineData("ocsf", false)]
    [InlineData("chain", false)]
    [InlineData("ocsf", true)]
    public async Task An_export_that_cannot_begin_is_a_problem_and_no_half_answer(string format, bool bug)
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        host.Store.Before = call =>
            !call.StartsWith("ledger.", StringComparison.Ordinal)
                ? Task.CompletedTask
                : throw (
                    bug
                        ? new InvalidOperationException("inner detail")
                        : new Vault.Core.Errors.StoreUnavailableException("down", false)
                );
        var reply = await host.GetAsync($"/v1/ledger:export?organization_id={organization}&format={format}");
        if (bug)
            reply.Is(500, "internal");
        else
            Assert.Equal("1", reply.Is(503, "store_unavailable").Header("Retry-After"));
        Assert.Equal("application/problem+json", reply.Header("Content-Type"));
        Assert.Equal(reply.Header("X-Request-Id"), reply["request_id"]);
        Assert.DoesNotContain("inner detail", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_tells_alive_from_ready()
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.GetAsync("/health/ready", null)).Is(200);
        host.Get<FakeHost>().Faults = ["store"];
        (await host.GetAsync("/health/ready", null)).Is(503, "store_unavailable");
        (await host.GetAsync("/health/live", null)).Is(200);
        host.Get<FakeHost>().IsAlive = false;
        (await host.GetAsync("/health/live", null)).Is(503, "cluster_unavailable");
    }
}
