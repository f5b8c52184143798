using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// The proxy as a base URL: what a provider's client library sends arrives, and what the provider answers comes back;
/// only the credential is the vault's.
/// </summary>
public sealed class ProxyExchangeTests : IAsyncLifetime
{
    private World _world = null!;
    private OwnProvider _provider = null!;

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync();
        _provider = await OwnProvider.StartAsync(http => http.Response.WriteAsync("{}"));
        await _provider.ConnectAsync(_world);
    }

    public async Task DisposeAsync()
    {
        await _provider.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    public async Task Method_query_headers_and_body_arrive_as_they_were_sent(string method)
    {
        var seen = "";
        _provider.Answer = async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var names = http.Request.Headers.Select(h => h.Key).Order(StringComparer.OrdinalIgnoreCase);
            seen =
                $"{http.Request.Headers["X-Key"]}|{http.Request.ContentType}|{http.Request.Headers["X-Mine"]}|"
                + $"{http.Request.Headers.UserAgent}|{await reader.ReadToEndAsync()}|{string.Join(',', names)}";
            http.Response.StatusCode = 207;
            http.Response.Headers["X-Theirs"] = "t";
            http.Response.Headers.SetCookie = "a=b";
            http.Response.ContentType = "application/vnd.own+json";
            await http.Response.WriteAsync("""{"told":"yes"}""");
        };
        using var request = Request(method, "a%2Fb/c?z=1&z=2&q=a+b%20c&e=");
        request.Headers.Add("X-Mine", "m");
        request.Headers.Add("User-Agent", "own-client/1.2");
        request.Headers.Add("Cookie", "c=d");
        request.Headers.Add("X-Forwarded-For", "10.0.0.1");
        request.Headers.Add("Vault-Run", "run-1");
        if (method != "GET")
            request.Content = new StringContent("<x/>", Encoding.UTF8, "application/xml");
        using var response = await _world.Client().SendAsync(request);

        Assert.Equal(207, (int)response.StatusCode);
        Assert.Equal("""{"told":"yes"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("application/vnd.own+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("t", Assert.Single(response.Headers.GetValues("X-Theirs")));
        Assert.False(response.Headers.Contains("Set-Cookie"));
        Assert.StartsWith(
            $"{method} /a%2Fb/c?z=1&z=2&q=a+b%20c&e=",
            _provider.Requests.Single(),
            StringComparison.Ordinal
        );
        var body = method == "GET" ? "|" : "application/xml; charset=utf-8|";
        var sent = method == "GET" ? "" : "<x/>";
        Assert.StartsWith($"{OwnProvider.Key}|{body}m|own-client/1.2|{sent}|", seen, StringComparison.Ordinal);
        foreach (var name in new[] { "Authorization", "Cookie", "X-Forwarded-For", "Vault-", "traceparent" })
            Assert.DoesNotContain(name, seen.Split('|')[^1], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(304)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_status_comes_back_with_its_headers_and_body(int status)
    {
        _provider.Answer = async http =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.ETag = "\"e\"";
            http.Response.Headers.RetryAfter = "3";
            if (status != 304)
                await http.Response.WriteAsync("said " + http.Request.Headers["X-Key"]);
        };
        using var request = Request("GET", "x");
        using var response = await _world.Client().SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("\"e\"", response.Headers.ETag!.Tag);
        Assert.Equal(TimeSpan.FromSeconds(3), response.Headers.RetryAfter!.Delta);
        Assert.Equal(status == 304 ? "" : "said [credential]******", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Addresses_of_the_api_lead_through_the_vault_again()
    {
        _provider.Answer = http =>
        {
            http.Response.StatusCode = 201;
            http.Response.Headers.Location = "/things/4?a=1";
            http.Response.Headers.Link =
                $"<{_provider.Url}/things?page=2>; rel=\"next\", <https://docs.example/x>; rel=\"help\"";
            return Task.CompletedTask;
        };
        using var request = Request("POST", "things");
        using var response = await _world.Client().SendAsync(request);
        var through = _world.Urls[0] + "/v1/proxy/own;user=ada/things";
        Assert.Equal(through + "/4?a=1", response.Headers.Location!.OriginalString);
        Assert.Equal(
            $"<{through}?page=2>; rel=\"next\", <https://docs.example/x>; rel=\"help\"",
            string.Join(", ", response.Headers.GetValues("Link"))
        );
    }

    [Fact]
    public async Task The_vaults_key_may_be_where_the_library_sends_its_own_and_goes_nowhere_else()
    {
        var seen = new List<string>();
        _provider.Answer = http =>
        {
            lock (seen)
                seen.Add(string.Join('\n', http.Request.Headers.Select(h => h.Key + ": " + h.Value)));
            return http.Response.WriteAsync("{}");
        };
        var basic = Convert.ToBase64String(Encoding.ASCII.GetBytes(_world.AdminKey + ":x"));
        foreach (
            var (name, value) in new[]
            {
                ("Authorization", "token " + _world.AdminKey),
                ("Authorization", "Basic " + basic),
                ("X-Api-Key", _world.AdminKey),
                ("Private-Token", _world.AdminKey),
            }
        )
        {
            using var client = World.NewClient(_world.Urls[0], null);
            using var request = Request("GET", "x");
            request.Headers.TryAddWithoutValidation(name, value);
            using var response = await client.SendAsync(request);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(4, seen.Count);
        Assert.All(seen, s => Assert.DoesNotContain("vk_live_", s, StringComparison.Ordinal));
        Assert.All(seen, s => Assert.DoesNotContain(basic, s, StringComparison.Ordinal));
        using var inQuery = Request("GET", "x?key=" + _world.AdminKey);
        using var refused = await _world.Client().SendAsync(inQuery);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Equal(4, _provider.Requests.Count);
    }

    [Fact]
    public async Task A_large_body_passes_both_ways_and_the_credential_in_it_is_masked_at_its_length()
    {
        const int size = 24 * 1024 * 1024;
        long received = 0;
        _provider.Answer = async http =>
        {
            var buffer = new byte[64 * 1024];
            while (await http.Request.Body.ReadAsync(buffer) is var read and > 0)
                received += read;
            http.Response.ContentLength = size + OwnProvider.Key.Length;
            var block = new byte[1024 * 1024];
            Array.Fill(block, (byte)'x');
            for (var sent = 0; sent < size; sent += block.Length)
            {
                await http.Response.Body.WriteAsync(block);
                if (sent == 0)
                {
                    // In two pieces, as the network may cut it.
                    await http.Response.WriteAsync(OwnProvider.Key[..5]);
                    await http.Response.Body.FlushAsync();
                    await http.Response.WriteAsync(OwnProvider.Key[5..]);
                }
            }
        };
        using var request = Request("PUT", "blob");
        request.Content = new ByteArrayContent(new byte[size]);
        using var response = await _world
            .Client()
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        Assert.Equal(size + OwnProvider.Key.Length, response.Content.Headers.ContentLength);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal((size, size + OwnProvider.Key.Length), (received, bytes.Length));
        Assert.True(bytes.AsSpan().IndexOf("[credential]******x"u8) > 0);
        Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(OwnProvider.Key)) < 0);
    }

    [Fact]
    public async Task A_stream_of_events_is_not_held_back()
    {
        var go = new TaskCompletionSource();
        _provider.Answer = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("data: 1\n\n");
            await http.Response.Body.FlushAsync();
            await go.Task;
            await http.Response.WriteAsync("data: 2\n\n");
        };
        using var request = Request("GET", "events");
        using var response = await _world
            .Client()
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[64];
        var first = await stream.ReadAsync(buffer);
        Assert.Equal("data: 1\n\n", Encoding.ASCII.GetString(buffer, 0, first));
        go.SetResult();
        Assert.Equal("data: 2\n\n", await new StreamReader(stream).ReadToEndAsync());
    }

    [Fact]
    public async Task A_response_that_breaks_off_does_not_look_complete()
    {
        _provider.Answer = async http =>
        {
            http.Response.ContentLength = 1_000_000;
            await http.Response.Body.WriteAsync(new byte[200_000]);
            await http.Response.Body.FlushAsync();
            http.Abort();
        };
        using var request = Request("GET", "cut");
        using var response = await _world
            .Client()
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task The_checks_of_a_raw_call_hold_and_it_is_in_the_ledger()
    {
        using var delete = Request("DELETE", "things/1");
        using var asked = await _world.Client().SendAsync(delete);
        var ask = await Reply.ReadAsync(asked);
        Assert.Equal((HttpStatusCode.Forbidden, "approval_required"), (ask.Status, ask.Code));
        using var nobody = new HttpRequestMessage(HttpMethod.Get, "/v1/proxy/own/things");
        nobody.Headers.Add("Vault-Organization", _provider.Organization);
        using var unnamed = await _world.Client().SendAsync(nobody);
        Assert.Contains("Vault-User", await unnamed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(_provider.Requests);

        using var post = Request("POST", "things");
        post.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var done = await _world.Client().SendAsync(post);
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        Assert.Contains(await _world.LedgerAsync(_provider.Organization, "execution.finished"), e =>
            e.GetProperty("tool").GetString() == "own:proxy"
        );
    }

    [Fact]
    public async Task A_token_that_the_provider_rejects_is_refreshed_once_and_the_call_sent_again()
    {
        var organization = await _world.OrganizationAsync();
        await _world.ConnectionAsync(
            organization,
            "sandbox_single_use",
            new
            {
                client_id = "demo-client",
                client_secret = "demo-secret",
                allow_proxy = true,
                proxy_effect = "write",
            }
        );
        await _world.ImportAsync(
            organization,
            "ada",
            "sandbox_single_use",
            _world.Sandbox.Grants.Mint(new Sandbox.Grants.GrantSeed { Subject = "alice" }),
            DateTimeOffset.UtcNow.AddHours(1)
        );
        _world.Sandbox.Grants.ExpireAllAccess();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/proxy/sandbox_single_use/items");
        request.Headers.Add("Vault-Organization", organization);
        request.Headers.Add("Vault-User", "ada");
        request.Content = new StringContent("""{"name":"made"}""", Encoding.UTF8, "application/json");
        using var response = await _world.Client().SendAsync(request);
        var made = await Reply.ReadAsync(response);
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        Assert.Equal("made", made["name"]);
        Assert.Equal(1, _world.Sandbox.Counters.Refreshes);
    }

    private HttpRequestMessage Request(string method, string target)
    {
        var request = new HttpRequestMessage(
            new HttpMethod(method),
            new Uri(_world.Urls[0] + "/v1/proxy/own;user=ada/" + target)
        );
        request.Headers.Add("Vault-Organization", _provider.Organization);
        return request;
    }
}
