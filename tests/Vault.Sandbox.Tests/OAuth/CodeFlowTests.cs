using System.Net;

namespace Vault.Sandbox.Tests.OAuth;

public sealed class CodeFlowTests : SandboxFixture
{
    [Fact]
    public async Task A_code_becomes_tokens_that_open_the_api()
    {
        var tokens = await Caller.ExchangeAsync(await Caller.CodeAsync());

        Assert.Equal(200, tokens.Status);
        Assert.Equal("no-store", tokens.Headers.CacheControl!.ToString());
        Assert.Equal("Bearer", tokens["token_type"]);
        Assert.Equal(3600, tokens.Json.GetProperty("expires_in").GetInt32());
        Assert.Equal("profile items:read items:write", tokens["scope"]);
        Assert.StartsWith("sbx_at_", tokens.AccessToken, StringComparison.Ordinal);
        Assert.StartsWith("sbx_rt_", tokens.RefreshToken, StringComparison.Ordinal);
        var me = await Caller.GetAsync("/api/me", tokens.AccessToken);
        Assert.Equal("alice", me["id"]);
        Assert.Equal(1, Server.Counters.CodeExchanges);
        Assert.Equal(1, Server.Counters.Clients["demo-client"].CodeExchanges);
        Assert.Equal(1, Server.Counters.ApiCallsByPath["GET /api/me"]);
        Assert.Equal(1, Server.Counters.ApiCallsBySubject["alice"]);
    }

    [Fact]
    public async Task A_success_names_the_issuer_and_echoes_the_state()
    {
        using var response = await Caller.Http.GetAsync(
            SandboxCaller.AuthorizeUrl(("auto", "approve"), ("state", "a b&c=d"))
        );
        var landing = SandboxCaller.Landing(response);
        Assert.Equal(Server.BaseUrl, landing["iss"]);
        Assert.Equal("a b&c=d", landing["state"]);
        Assert.StartsWith("sbx_code_", landing["code"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_names_the_issuer_too()
    {
        using var response = await Caller.Http.GetAsync(SandboxCaller.AuthorizeUrl(("auto", "deny")));
        var landing = SandboxCaller.Landing(response);
        Assert.Equal("access_denied", landing["error"]);
        Assert.Equal(Server.BaseUrl, landing["iss"]);
        Assert.Equal("st-1", landing["state"]);
        Assert.Equal(1, Server.Counters.ConsentsDenied);
    }

    [Theory]
    [InlineData("client_id", "nobody")]
    [InlineData("client_id", null)]
    [InlineData("redirect_uri", null)]
    [InlineData("redirect_uri", "http://127.0.0.1:8080/oauth/callback/")]
    [InlineData("redirect_uri", "http://127.0.0.1:8080/oauth/callback?x=1")]
    [InlineData("redirect_uri", "http://127.0.0.1:8080/oauth/Callback")]
    [InlineData("redirect_uri", "https://evil.example/oauth/callback")]
    public async Task An_untrusted_client_or_redirect_uri_shows_a_page_and_never_redirects(string name, string? value)
    {
        using var response = await Caller.Http.GetAsync(SandboxCaller.AuthorizeUrl(("auto", "approve"), (name, value)));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Null(response.Headers.Location);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("code_challenge", null, "invalid_request")]
    [InlineData("code_challenge_method", null, "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge", "too-short", "invalid_request")]
    [InlineData("response_type", null, "invalid_request")]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_mode", "fragment", "invalid_request")]
    [InlineData("scope", "items:read root", "invalid_scope")]
    public async Task A_wrong_request_of_a_known_client_is_told_at_its_redirect_uri(
        string name,
        string? value,
        string error
    )
    {
        using var response = await Caller.Http.GetAsync(SandboxCaller.AuthorizeUrl(("auto", "approve"), (name, value)));
        var landing = SandboxCaller.Landing(response);
        Assert.Equal(error, landing["error"]);
        Assert.Equal(Server.BaseUrl, landing["iss"]);
        Assert.False(landing.ContainsKey("code"));
    }

    [Fact]
    public async Task A_repeated_parameter_is_an_error()
    {
        using var response = await Caller.Http.GetAsync(
            SandboxCaller.AuthorizeUrl(("auto", "approve")) + "&scope=profile"
        );
        Assert.Equal("invalid_request", SandboxCaller.Landing(response)["error"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("verifier-0123456789-0123456789-0123456789-abd")]
    [InlineData("short")]
    public async Task A_wrong_or_missing_verifier_spends_the_code(string? verifier)
    {
        var code = await Caller.CodeAsync();
        (await Caller.ExchangeAsync(code, verifier)).MustFail(400, "invalid_grant");
        (await Caller.ExchangeAsync(code)).MustFail(400, "invalid_grant");
        Assert.Equal(0, Server.Counters.CodeExchanges);
    }

    [Fact]
    public async Task Another_redirect_uri_at_the_exchange_is_refused()
    {
        var reply = await Caller.TokenAsync(
            ("grant_type", "authorization_code"),
            ("code", await Caller.CodeAsync()),
            ("redirect_uri", "http://localhost:8080/oauth/callback"),
            ("code_verifier", SandboxCaller.Verifier)
        );
        reply.MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task A_replayed_code_kills_what_it_had_issued()
    {
        var code = await Caller.CodeAsync();
        var tokens = await Caller.ExchangeAsync(code);
        (await Caller.ExchangeAsync(code)).MustFail(400, "invalid_grant");

        Assert.Equal(1, Server.Counters.CodeReplays);
        Assert.Equal(401, (await Caller.GetAsync("/api/me", tokens.AccessToken)).Status);
        (await Caller.RefreshAsync(tokens.RefreshToken)).MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task A_code_lives_for_a_minute()
    {
        var code = await Caller.CodeAsync();
        Time.Advance(TimeSpan.FromSeconds(60));
        (await Caller.ExchangeAsync(code)).MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task Fifty_parallel_exchanges_of_one_code_issue_once_and_then_revoke()
    {
        var code = await Caller.CodeAsync();
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Caller.ExchangeAsync(code)));
        var winner = Assert.Single(replies, r => r.Status == 200);
        Assert.Equal(49, Server.Counters.CodeReplays);
        Assert.Equal(401, (await Caller.GetAsync("/api/me", winner.AccessToken)).Status);
    }
}
