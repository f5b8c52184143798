using System.Security.Cryptography;
using System.Text.Json;

namespace Vault.Sandbox.Tests.Control;

public sealed class ControlApiTests : SandboxFixture
{
    private Task<Reply> PostAsync(string path, object? body = null) =>
        Caller.SendJsonAsync(HttpMethod.Post, "/_control" + path, body is null ? null : JsonSerializer.Serialize(body));

    [Fact]
    public async Task A_grant_is_minted_expired_refreshed_and_revoked()
    {
        var grant = await PostAsync(
            "/grants",
            new
            {
                subject = "zoe",
                scopes = new[] { "profile" },
                policy = new { rotation = "single_use", access_token_seconds = 60 },
            }
        );
        Assert.Equal((201, "zoe", "profile"), (grant.Status, grant["subject"], grant["scope"]));
        Assert.Equal(60, grant.Json.GetProperty("expires_in").GetInt32());
        Assert.Equal(200, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);

        var id = grant["grant_id"];
        Assert.Equal(
            0,
            (await PostAsync($"/grants/{id}:expire_access")).Json.GetProperty("live_access_tokens").GetInt32()
        );
        Assert.Equal(401, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);
        var fresh = await Caller.RefreshAsync(grant.RefreshToken);
        Assert.Equal(200, (await Caller.GetAsync("/api/me", fresh.AccessToken)).Status);

        Assert.False(
            (await PostAsync($"/grants/{id}:revoke", new { reason = "password changed" }))
                .Json.GetProperty("alive")
                .GetBoolean()
        );
        var dead = await Caller.RefreshAsync(fresh.RefreshToken);
        dead.MustFail(400, "invalid_grant");
        Assert.Equal("password changed", dead["error_description"]);
        Assert.Equal(1, (await Caller.GetAsync($"/_control/grants/{id}")).Json.GetProperty("refreshes").GetInt32());
    }

    [Fact]
    public async Task A_thousand_grants_come_in_one_call_and_expire_in_one()
    {
        var bulk = await PostAsync("/grants", new { subject = "user-{n}", count = 1000 });
        var items = bulk.Json.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(1000, items.Count);
        Assert.Equal(1000, items.Select(i => i.GetProperty("refresh_token").GetString()).Distinct().Count());
        Assert.Equal("user-1000", items[^1].GetProperty("subject").GetString());
        Assert.Equal(
            1000,
            (await PostAsync("/grants:expire_access", new { client_id = "demo-client" }))
                .Json.GetProperty("expired")
                .GetInt32()
        );
        Assert.Equal(
            401,
            (await Caller.GetAsync("/api/me", items[500].GetProperty("access_token").GetString())).Status
        );
    }

    [Fact]
    public async Task A_client_is_registered_and_changed_and_its_secret_is_never_shown()
    {
        var made = await PostAsync(
            "/clients",
            new
            {
                client_id = "c-2",
                client_secret = "s-2-secret",
                redirect_uris = new[] { "https://app.example/cb" },
                policy = new { rotation = "grace", grace_seconds = 5 },
            }
        );
        Assert.Equal(201, made.Status);
        Assert.Equal("grace", made.Json.GetProperty("policy").GetProperty("rotation").GetString());
        var changed = await Caller.SendJsonAsync(
            HttpMethod.Patch,
            "/_control/clients/c-2",
            "{\"policy\":{\"rotation\":\"never\"},\"auto_consent\":true}"
        );
        Assert.Equal("never", changed.Json.GetProperty("policy").GetProperty("rotation").GetString());
        Assert.Equal(5, changed.Json.GetProperty("policy").GetProperty("grace_seconds").GetInt32());
        Assert.Equal("https://app.example/cb", changed.Json.GetProperty("redirect_uris")[0].GetString());
        var list = await Caller.GetAsync("/_control/clients");
        Assert.DoesNotContain("s-2-secret", made.Text + changed.Text + list.Text, StringComparison.Ordinal);
        Assert.Equal(
            200,
            (
                await Caller.PostAsync(
                    "/oauth/token",
                    [("grant_type", "client_credentials"), ("client_id", "c-2"), ("client_secret", "s-2-secret")]
                )
            ).Status
        );
    }

    [Theory]
    [InlineData("/clients", "{\"client_id\":\"x\"}", "client_secret")]
    [InlineData(
        "/clients",
        "{\"client_id\":\"x\",\"client_secret\":\"y\",\"redirect_uris\":[\"/relative\"]}",
        "redirect_uris"
    )]
    [InlineData(
        "/clients",
        "{\"client_id\":\"x\",\"client_secret\":\"y\",\"policy\":{\"access_token_seconds\":0}}",
        "access_token_seconds"
    )]
    [InlineData("/clients", "{\"redirect_urls\":[]}", "redirect_urls")]
    [InlineData("/grants", "{\"client_id\":\"nobody\"}", "client_id")]
    [InlineData("/grants", "{\"count\":0}", "count")]
    [InlineData("/grants", "{\"policy\":{\"rotation\":\"sometimes\"}}", "rotation")]
    [InlineData("/faults", "{\"kind\":\"slow\"}", "delay_ms")]
    [InlineData("/faults", "{}", "kind")]
    [InlineData("/faults", "{\"kind\":\"server_error\",\"status\":200}", "status")]
    [InlineData("/jwt_keys", "{\"issuer\":\"robot\"}", "public_key_pem")]
    [InlineData("/api_keys", "{}", "key")]
    public async Task A_wrong_body_is_refused_with_the_name_of_the_field(string path, string json, string field)
    {
        var reply = await Caller.SendJsonAsync(HttpMethod.Post, "/_control" + path, json);
        reply.MustFail(400, "invalid_request");
        Assert.Contains(field, reply["error_description"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_are_set_listed_released_and_cleared()
    {
        var grant = await PostAsync("/grants");
        var limit = await PostAsync(
            "/faults",
            new
            {
                kind = "rate_limited",
                target = "token",
                times = 1,
                retry_after_seconds = 3,
            }
        );
        Assert.Equal(201, limit.Status);
        Assert.Equal(429, (await Caller.RefreshAsync(grant.RefreshToken)).Status);
        Assert.Equal(
            1,
            (await Caller.GetAsync("/_control/faults")).Json.GetProperty("items")[0].GetProperty("hits").GetInt32()
        );
        Assert.Equal(200, (await Caller.SendJsonAsync(HttpMethod.Delete, "/_control/faults/" + limit["id"])).Status);
        Assert.Equal(404, (await Caller.SendJsonAsync(HttpMethod.Delete, "/_control/faults/" + limit["id"])).Status);

        var hold = await PostAsync("/faults", new { kind = "hold", target = "token" });
        var call = Caller.RefreshAsync(grant.RefreshToken);
        await Server.Faults.Find(hold["id"]!)!.Gate.ReachedAsync();
        Assert.Equal(200, (await PostAsync($"/faults/{hold["id"]}:release")).Status);
        Assert.Equal(200, (await call).Status);
        Assert.Equal(200, (await Caller.SendJsonAsync(HttpMethod.Delete, "/_control/faults")).Status);
        Assert.Empty(Server.Faults.All);
    }

    [Fact]
    public async Task Counters_are_told_and_reset()
    {
        var grant = await PostAsync("/grants");
        await Caller.RefreshAsync(grant.RefreshToken);
        await Caller.RefreshAsync(grant.RefreshToken);
        var counters = (await Caller.GetAsync("/_control/counters")).Json;
        Assert.Equal(1, counters.GetProperty("refresh_replays").GetInt64());
        Assert.Equal(1, counters.GetProperty("families_killed").GetInt64());
        Assert.Equal(1, counters.GetProperty("clients").GetProperty("demo-client").GetProperty("refreshes").GetInt64());
        Assert.Equal(200, (await PostAsync("/reset", new { grants = true })).Status);
        Assert.Equal(0, Server.Counters.RefreshReplays);
        Assert.Equal(0, Server.Grants.Count);
    }

    [Fact]
    public async Task Keys_logins_and_jwt_keys_are_registered()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(
            201,
            (
                await PostAsync(
                    "/jwt_keys",
                    new
                    {
                        issuer = "robot",
                        kid = "k",
                        public_key_pem = ec.ExportSubjectPublicKeyInfoPem(),
                    }
                )
            ).Status
        );
        Assert.Equal(
            201,
            (
                await PostAsync(
                    "/api_keys",
                    new
                    {
                        key = "key-2",
                        subject = "bob",
                        scopes = new[] { "profile" },
                    }
                )
            ).Status
        );
        Assert.Equal("bob", (await Caller.GetAsync("/key-api/me?api_key=key-2"))["id"]);
        Assert.Equal(403, (await Caller.GetAsync("/key-api/items?api_key=key-2")).Status);
        Assert.True(
            (await PostAsync("/api_keys:revoke", new { key = "key-2" })).Json.GetProperty("revoked").GetBoolean()
        );
        Assert.Equal(401, (await Caller.GetAsync("/key-api/me?api_key=key-2")).Status);
        Assert.Equal(201, (await PostAsync("/logins", new { username = "u-2", password = "p-2" })).Status);
        Assert.Equal(200, (await Caller.SendJsonAsync(HttpMethod.Delete, "/_control/logins/u-2")).Status);
    }

    [Fact]
    public async Task A_web_page_gets_no_control_and_a_foreign_host_name_no_answer()
    {
        Assert.Equal(
            403,
            (
                await Caller.SendJsonAsync(
                    HttpMethod.Post,
                    "/_control/reset",
                    null,
                    null,
                    ("Origin", "https://evil.example")
                )
            ).Status
        );
        Assert.Equal(
            421,
            (
                await Caller.SendJsonAsync(HttpMethod.Get, "/_control/counters", null, null, ("Host", "evil.example"))
            ).Status
        );
    }
}
