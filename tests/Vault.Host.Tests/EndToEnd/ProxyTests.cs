using System.Net;
using System.Text.Json;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// Raw calls: everything a tool goes through holds for them, and neither host nor credential is theirs to choose.
/// </summary>
public abstract class ProxyTests(IHosts hosts)
{
    private async Task<(World World, string Organization)> SceneAsync(bool allowed = true)
    {
        var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(
            organization,
            "sandbox_single_use",
            new
            {
                client_id = "demo-client",
                client_secret = "demo-secret",
                allow_proxy = allowed,
                proxy_effect = "write",
            }
        );
        await world.ImportAsync(
            organization,
            "ada",
            "sandbox_single_use",
            world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" }),
            DateTimeOffset.UtcNow.AddHours(1)
        );
        return (world, organization);
    }

    [Fact]
    public async Task A_raw_call_reaches_the_path_with_what_it_was_given_and_is_in_the_ledger()
    {
        var (world, organization) = await SceneAsync();
        await using var _ = world;

        var echo = await world.PostAsync(
            "/v1/proxy/sandbox_single_use/echo",
            new
            {
                organization_id = organization,
                user_id = "ada",
                query = new
                {
                    q = "a b&c",
                    n = 7,
                    list = new[] { "x", "y" },
                },
                headers = new Dictionary<string, string> { ["X-Api-Version"] = "3" },
            }
        );
        var made = await world.PostAsync(
            "/v1/proxy/sandbox_single_use/items",
            new
            {
                organization_id = organization,
                user_id = "ada",
                method = "POST",
                body = new { name = "raw" },
            }
        );
        Assert.True(made.Status == HttpStatusCode.OK, made.ToString());
        var item = made.Json.GetProperty("data").GetProperty("id").GetString();
        var read = await world.PostAsync(
            $"/v1/proxy/sandbox_single_use/items/{item}",
            new { organization_id = organization, user_id = "ada" }
        );

        Assert.Equal(HttpStatusCode.OK, echo.Status);
        var data = echo.Json.GetProperty("data");
        Assert.Equal("alice", data.GetProperty("subject").GetString());
        Assert.Equal("""{"q":["a b&c"],"n":["7"],"list":["x","y"]}""", data.GetProperty("query").GetRawText());
        Assert.Equal("3", data.GetProperty("headers").GetProperty("x-api-version").GetString());
        Assert.Equal("Bearer [credential]", data.GetProperty("headers").GetProperty("authorization").GetString());
        Assert.Equal("untrusted_content", echo["trust"]);
        Assert.Equal("raw", read.Json.GetProperty("data").GetProperty("name").GetString());

        // Before and after, as for any write: nobody but the provider knows what a path does.
        var ledger = await world.GetAsync(
            $"/v1/ledger?organization_id={organization}&execution_id={echo["execution_id"]}"
        );
        var entries = ledger.Json.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("entry")).ToList();
        Assert.Equal(
            ["execution.finished", "execution.started"],
            entries.Select(e => e.GetProperty("type").GetString()).Order(StringComparer.Ordinal)
        );
        Assert.All(entries, e => Assert.Equal("sandbox_single_use:proxy", e.GetProperty("tool").GetString()));
        var finished = entries.Single(e => e.GetProperty("type").GetString() == "execution.finished");
        Assert.True(finished.GetProperty("details").GetProperty("credential_echoed").GetBoolean());
    }

    [Fact]
    public async Task A_connection_that_does_not_allow_it_and_a_destructive_call_without_approval_are_refused_unsent()
    {
        var (shut, closed) = await SceneAsync(allowed: false);
        await using var _ = shut;
        var refused = await shut.PostAsync(
            "/v1/proxy/sandbox_single_use/echo",
            new { organization_id = closed, user_id = "ada" }
        );
        Assert.Equal((HttpStatusCode.Forbidden, "policy_denied"), (refused.Status, refused.Code));

        var (world, organization) = await SceneAsync();
        await using var __ = world;
        var ask = await world.PostAsync(
            "/v1/proxy/sandbox_single_use/items/1",
            new
            {
                organization_id = organization,
                user_id = "ada",
                method = "DELETE",
            }
        );
        Assert.Equal("approval_required", ask.Code);
        Assert.Equal(0, shut.Sandbox.Counters.ApiCalls + world.Sandbox.Counters.ApiCalls);
    }

    [Theory]
    [InlineData("a/../b", "{}", "path")]
    [InlineData("a/%2e%2E/b", "{}", "path")]
    [InlineData("a%zz", "{}", "path")]
    [InlineData("echo", """{"headers":{"Authorization":"Bearer x"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X-HTTP-Method-Override":"DELETE"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X_HTTP_Method_Override":"DELETE"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X-Method":"DELETE"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X-Original-URL":"/admin"}}""", "headers")]
    [InlineData("echo", """{"headers":{"x-rewrite-url":"/admin"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X-Real-IP":"10.0.0.1"}}""", "headers")]
    [InlineData("echo", """{"headers":{"True_Client-IP":"10.0.0.1"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X_Forwarded_For":"10.0.0.1"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X-Forwarded":"for=10.0.0.1"}}""", "headers")]
    [InlineData("echo", """{"headers":{"Proxy":"http://evil.example"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X-Auth-Request-User":"root"}}""", "headers")]
    [InlineData("echo", """{"headers":{"X":"a\r\nAuthorization: b"}}""", "headers")]
    [InlineData("echo", """{"headers":{"Host":"evil.example"}}""", "headers")]
    [InlineData("echo", """{"query":{"a":{"b":1}}}""", "query")]
    [InlineData("echo", """{"body":{}}""", "body")]
    [InlineData("echo", """{"method":"POST","body_base64":"%%","content_type":"text/csv"}""", "body_base64")]
    [InlineData("echo", """{"method":"POST","body_base64":"YQ=="}""", "content_type")]
    [InlineData(
        "echo",
        """{"method":"POST","body":{},"body_base64":"YQ==","content_type":"text/csv"}""",
        "body_base64"
    )]
    [InlineData("echo", """{"method":"TRACE"}""", "method")]
    public async Task What_cannot_be_sent_is_named_and_nothing_is_sent(string path, string body, string field)
    {
        var (world, organization) = await SceneAsync();
        await using var _ = world;
        var given = JsonSerializer.Deserialize<Dictionary<string, object>>(body)!;
        given["organization_id"] = organization;
        given["user_id"] = "ada";

        var answer = await SendAsync(world, "/v1/proxy/sandbox_single_use/" + path, given);

        Assert.Contains($"\"path\":\"{field}\"", answer, StringComparison.Ordinal);
        Assert.Equal(0, world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task A_raw_call_whose_reply_is_lost_is_not_repeated()
    {
        var (world, organization) = await SceneAsync();
        await using var _ = world;
        world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.DropAfter,
                Target = FaultTarget.Api,
                Times = 1,
            }
        );

        var answer = await world.PostAsync(
            "/v1/proxy/sandbox_single_use/items",
            new
            {
                organization_id = organization,
                user_id = "ada",
                method = "POST",
                body = new { name = "once" },
            }
        );

        Assert.Equal("outcome_unknown", answer.Code);
        Assert.Equal(1, world.Sandbox.Counters.ApiCalls);
    }

    // Not through HttpClient, which would tidy the path up before it is sent.
    private static async Task<string> SendAsync(World world, string target, object body)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body);
        using var tcp = new System.Net.Sockets.TcpClient();
        var host = new Uri(world.Urls[0]);
        await tcp.ConnectAsync(host.Host, host.Port);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync(
            System.Text.Encoding.ASCII.GetBytes(
                $"POST {target} HTTP/1.1\r\nHost: {host.Authority}\r\nAuthorization: Bearer {world.AdminKey}\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\nConnection: close\r\n\r\n"
            )
        );
        await stream.WriteAsync(json);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
