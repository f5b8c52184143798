using System.Net;
using System.Text;
using System.Text.Json;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Tests.Api;

public sealed class EchoApiTests : SandboxFixture
{
    private string Token(params string[] scopes) =>
        Server.Grants.Mint(new GrantSeed { Scopes = scopes.Length > 0 ? scopes : null }).AccessToken;

    [Fact]
    public async Task Without_a_credential_the_challenge_has_no_error_and_a_wrong_one_is_invalid_token()
    {
        var none = await Caller.GetAsync("/api/me");
        Assert.Equal((401, "Bearer realm=\"sandbox\""), (none.Status, none.Challenge));
        var unknown = await Caller.GetAsync("/api/me", "sbx_at_unknown");
        unknown.MustFail(401, "invalid_token");
        Assert.Contains("error=\"invalid_token\"", unknown.Challenge, StringComparison.Ordinal);
        Assert.Equal(400, (await Caller.GetAsync("/api/me?access_token=" + Token(), Token())).Status);
        Assert.Equal(3, Server.Counters.ApiCallsUnknownToken);
    }

    [Fact]
    public async Task Expired_and_revoked_tokens_are_told_apart_in_the_counters()
    {
        var (late, gone) = (Server.Grants.Mint(new GrantSeed { Subject = "bob" }), Server.Grants.Mint(new GrantSeed()));
        Server.Grants.ExpireAccess(late.GrantId);
        Server.Grants.Revoke(gone.GrantId);
        var expired = await Caller.GetAsync("/api/me", late.AccessToken);
        expired.MustFail(401, "invalid_token");
        Assert.Contains("expired", expired["error_description"], StringComparison.Ordinal);
        (await Caller.GetAsync("/api/me", gone.AccessToken)).MustFail(401, "invalid_token");
        var counters = Server.Counters;
        Assert.Equal((1, 1, 2), (counters.ApiCallsExpiredToken, counters.ApiCallsRevokedToken, counters.ApiCalls));
        Assert.Equal(1, counters.ApiCallsBySubject["bob"]);
    }

    [Theory]
    [InlineData("GET", "/api/me", "profile")]
    [InlineData("GET", "/api/items", "items:read")]
    [InlineData("GET", "/api/items/item-1", "items:read")]
    [InlineData("POST", "/api/items", "items:write")]
    [InlineData("POST", "/api/forms", "items:write")]
    [InlineData("POST", "/api/files", "items:write")]
    [InlineData("DELETE", "/api/items/item-1", "items:delete")]
    [InlineData("GET", "/api/echo", "items:read")]
    public async Task Each_call_needs_its_scope(string method, string path, string scope)
    {
        var refused = await Caller.SendJsonAsync(new HttpMethod(method), path, accessToken: Token("openid"));
        refused.MustFail(403, "insufficient_scope");
        Assert.Contains($"scope=\"{scope}\"", refused.Challenge, StringComparison.Ordinal);
        Assert.NotEqual(
            403,
            (await Caller.SendJsonAsync(new HttpMethod(method), path, accessToken: Token(scope))).Status
        );
    }

    [Fact]
    public async Task Pages_walk_over_all_items_once()
    {
        var token = Token();
        await Caller.SendJsonAsync(HttpMethod.Delete, "/api/items/item-7", accessToken: token);
        var ids = new List<string>();
        string? next = null;
        do
        {
            var page = await Caller.GetAsync(
                "/api/items?page_size=100" + (next is null ? "" : "&page_token=" + next),
                token
            );
            ids.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()!));
            next = page["next_page_token"];
        } while (next is not null);
        Assert.Equal(Enumerable.Range(1, 250).Where(n => n != 7).Select(n => $"item-{n}"), ids);
        Assert.Equal(400, (await Caller.GetAsync("/api/items?page_size=0", token)).Status);
        Assert.Equal(400, (await Caller.GetAsync("/api/items?page_token=forged", token)).Status);
    }

    [Fact]
    public async Task An_item_is_created_read_and_deleted()
    {
        var token = Token();
        var made = await Caller.SendJsonAsync(
            HttpMethod.Post,
            "/api/items",
            "{\"name\":\"Größe\",\"tags\":[1,2]}",
            token
        );
        Assert.Equal((201, "Größe", "alice"), (made.Status, made["name"], made["owner"]));
        var read = await Caller.GetAsync("/api/items/" + made["id"], token);
        Assert.Equal(2, read.Json.GetProperty("data").GetProperty("tags").GetArrayLength());
        Assert.Equal(
            204,
            (await Caller.SendJsonAsync(HttpMethod.Delete, "/api/items/" + made["id"], accessToken: token)).Status
        );
        (await Caller.GetAsync("/api/items/" + made["id"], token)).MustFail(404, "not_found");
    }

    [Theory]
    [InlineData("{\"name\":\"\"}")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"name\":\"a\"} x")]
    [InlineData("not json")]
    public async Task A_body_that_is_no_item_is_refused(string json) =>
        (await Caller.SendJsonAsync(HttpMethod.Post, "/api/items", json, Token())).MustFail(400, "invalid_request");

    [Fact]
    public async Task Parallel_writes_with_one_idempotency_key_create_once()
    {
        var token = Token();
        Task<Reply> Post(string name) =>
            Caller.SendJsonAsync(
                HttpMethod.Post,
                "/api/items",
                $"{{\"name\":\"{name}\"}}",
                token,
                ("Idempotency-Key", "k")
            );
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Post("a")));
        Assert.Single(replies.Select(r => r.Text).Distinct());
        Assert.All(replies, r => Assert.Equal(201, r.Status));
        Assert.Equal(19, Server.Counters.IdempotentDuplicates);
        (await Post("b")).MustFail(409, "idempotency_conflict");
        var bob = Server.Grants.Mint(new GrantSeed { Subject = "bob" }).AccessToken;
        var his = await Caller.SendJsonAsync(
            HttpMethod.Post,
            "/api/items",
            "{\"name\":\"a\"}",
            bob,
            ("Idempotency-Key", "k")
        );
        Assert.NotEqual(replies[0]["id"], his["id"]);
    }

    [Fact]
    public async Task The_echo_shows_the_request_with_its_credential()
    {
        var token = Token();
        var echo = await Caller.SendJsonAsync(
            HttpMethod.Get,
            "/api/echo?a=1&a=2",
            accessToken: token,
            headers: [("X-Trace", "t-1"), ("X-Api-Key", "secret-key"), ("Cookie", "c=secret")]
        );
        Assert.Equal(("GET", "/api/echo", "alice"), (echo["method"], echo["path"], echo["subject"]));
        Assert.Equal(2, echo.Json.GetProperty("query").GetProperty("a").GetArrayLength());
        Assert.Equal("t-1", echo.Json.GetProperty("headers").GetProperty("x-trace").GetString());
        Assert.Equal("Bearer " + token, echo.Json.GetProperty("headers").GetProperty("authorization").GetString());
        Assert.Contains("secret-key", echo.Text, StringComparison.Ordinal);
        var keyed = await Caller.GetAsync("/key-api/echo?api_key=sandbox-key-0001-demo");
        Assert.Equal(200, keyed.Status);
        Assert.Contains("sandbox-key-0001-demo", keyed.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forms_and_files_are_answered_with_what_was_understood()
    {
        using var form = new FormUrlEncodedContent([
            KeyValuePair.Create("to", "a@b"),
            KeyValuePair.Create("to", "c d"),
        ]);
        var formReply = await SendAsync("/api/forms", form);
        Assert.Equal(
            ["a@b", "c d"],
            formReply.GetProperty("fields").GetProperty("to").EnumerateArray().Select(v => v.GetString()!)
        );

        using var multipart = new MultipartFormDataContent
        {
            { new StringContent("note"), "comment" },
            { new ByteArrayContent(Encoding.ASCII.GetBytes("abc")), "file", "a.txt" },
        };
        var file = (await SendAsync("/api/files", multipart)).GetProperty("files")[0];
        Assert.Equal(
            ("file", "a.txt", 3),
            (
                file.GetProperty("name").GetString(),
                file.GetProperty("file_name").GetString(),
                file.GetProperty("size").GetInt32()
            )
        );
        Assert.Equal(
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            file.GetProperty("sha256").GetString()
        );
        Assert.Equal(415, (await Caller.SendJsonAsync(HttpMethod.Post, "/api/forms", "{}", Token())).Status);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(1_048_576)]
    public async Task Large_answers_are_json_of_exactly_the_size_asked_for(int bytes)
    {
        var reply = await Caller.GetAsync($"/api/large?bytes={bytes}", Token());
        Assert.Equal(bytes, reply.Text.Length);
        Assert.True(reply.Json.GetProperty("items").GetArrayLength() >= 0);
    }

    [Fact]
    public async Task The_redirect_goes_where_it_was_told()
    {
        var reply = await Caller.GetAsync("/api/redirect?to=http://169.254.169.254/latest", Token());
        Assert.Equal((302, "http://169.254.169.254/latest"), (reply.Status, reply.Headers.Location!.ToString()));
        Assert.Equal(400, (await Caller.GetAsync("/api/redirect?to=%0d%0aX-Evil:1", Token())).Status);
    }

    [Fact]
    public async Task Keys_and_logins_open_the_same_api()
    {
        var byHeader = await Caller.SendJsonAsync(
            HttpMethod.Get,
            "/key-api/verify",
            headers: ("X-Api-Key", "sandbox-key-0001-demo")
        );
        Assert.Equal(("alice", "api_key"), (byHeader["subject"], byHeader["method"]));
        Assert.Equal(200, (await Caller.GetAsync("/key-api/items/item-1?api_key=sandbox-key-0001-demo")).Status);
        (await Caller.GetAsync("/key-api/verify?api_key=wrong")).MustFail(401, "invalid_api_key");
        var both = await Caller.SendJsonAsync(
            HttpMethod.Get,
            "/key-api/verify?api_key=sandbox-key-0001-demo",
            headers: ("X-Api-Key", "sandbox-key-0001-demo")
        );
        Assert.Equal(400, both.Status);
        Assert.True(Server.Credentials.RevokeKey("sandbox-key-0001-demo"));
        Assert.Equal(401, (await Caller.GetAsync("/key-api/items/item-1?api_key=sandbox-key-0001-demo")).Status);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/basic-api/me")
        {
            Headers = { Authorization = SandboxCaller.Basic("sandbox-user", "sandbox-pass-0001") },
        };
        using var response = await Caller.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var refused = await Caller.GetAsync("/basic-api/me");
        Assert.Equal(401, refused.Status);
        Assert.StartsWith("Basic", refused.Challenge, StringComparison.Ordinal);
    }

    private async Task<JsonElement> SendAsync(string path, HttpContent content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = content,
            Headers = { Authorization = new("Bearer", Token()) },
        };
        using var response = await Caller.Http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, $"status {(int)response.StatusCode}");
        return (await Reply.OfAsync(response)).Json;
    }
}
