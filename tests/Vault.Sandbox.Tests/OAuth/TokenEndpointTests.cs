using System.Net;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Tests.OAuth;

public sealed class TokenEndpointTests : SandboxFixture
{
    [Fact]
    public async Task Basic_and_post_both_work_but_not_together()
    {
        var basic = SandboxCaller.Basic("demo-client", "demo-secret");
        Assert.Equal(
            200,
            (await Caller.PostAsync("/oauth/token", [("grant_type", "client_credentials")], basic)).Status
        );
        Assert.Equal(200, (await Caller.TokenAsync(("grant_type", "client_credentials"))).Status);
        (
            await Caller.PostAsync(
                "/oauth/token",
                SandboxCaller.WithSecret(("grant_type", "client_credentials")),
                basic
            )
        ).MustFail(400, "invalid_request");
    }

    [Fact]
    public async Task A_wrong_secret_is_invalid_client_and_challenges_when_the_header_was_used()
    {
        var byHeader = await Caller.PostAsync(
            "/oauth/token",
            [("grant_type", "client_credentials")],
            SandboxCaller.Basic("demo-client", "wrong")
        );
        byHeader.MustFail(401, "invalid_client");
        Assert.StartsWith("Basic", byHeader.Challenge, StringComparison.Ordinal);
        var byBody = await Caller.PostAsync(
            "/oauth/token",
            [("grant_type", "client_credentials"), ("client_id", "demo-client"), ("client_secret", "wrong")]
        );
        byBody.MustFail(401, "invalid_client");
        Assert.Equal("", byBody.Challenge);
        (await Caller.PostAsync("/oauth/token", [("grant_type", "client_credentials")])).MustFail(
            401,
            "invalid_client"
        );
        Assert.Equal(3, Server.Counters.ClientAuthFailures);
    }

    [Fact]
    public async Task Id_and_secret_are_form_decoded_in_basic()
    {
        Server.Clients.Register(new SandboxClient { ClientId = "a:b%c+d", ClientSecret = "s:e%c r+t" });
        var basic = SandboxCaller.Basic(WebUtility.UrlEncode("a:b%c+d"), WebUtility.UrlEncode("s:e%c r+t"));
        Assert.Equal(
            200,
            (await Caller.PostAsync("/oauth/token", [("grant_type", "client_credentials")], basic)).Status
        );
    }

    [Theory]
    [InlineData(ClientAuthMethod.Basic)]
    [InlineData(ClientAuthMethod.Post)]
    public async Task A_client_registered_for_one_method_may_not_use_the_other(ClientAuthMethod method)
    {
        Server.Clients.Update("demo-client", c => c with { AuthMethod = method });
        var basic = await Caller.PostAsync(
            "/oauth/token",
            [("grant_type", "client_credentials")],
            SandboxCaller.Basic("demo-client", "demo-secret")
        );
        var post = await Caller.TokenAsync(("grant_type", "client_credentials"));
        Assert.Equal(method == ClientAuthMethod.Basic ? (200, 401) : (401, 200), (basic.Status, post.Status));
    }

    [Fact]
    public async Task Only_a_form_by_post_with_each_parameter_once_is_read()
    {
        using var get = await Caller.Http.GetAsync("/oauth/token?grant_type=client_credentials");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        (
            await Caller.SendJsonAsync(HttpMethod.Post, "/oauth/token", "{\"grant_type\":\"client_credentials\"}")
        ).MustFail(400, "invalid_request");
        (await Caller.TokenAsync(("grant_type", "client_credentials"), ("grant_type", "client_credentials"))).MustFail(
            400,
            "invalid_request"
        );
        (await Caller.TokenAsync(("scope", "profile"))).MustFail(400, "invalid_request");
        (await Caller.TokenAsync(("grant_type", "password"))).MustFail(400, "unsupported_grant_type");
    }

    [Fact]
    public async Task A_grant_type_the_client_is_not_registered_for_is_refused()
    {
        Server.Clients.Update("demo-client", c => c with { GrantTypes = [SandboxScopes.AuthorizationCode] });
        (await Caller.TokenAsync(("grant_type", "client_credentials"))).MustFail(400, "unauthorized_client");
        Assert.Null((await Caller.ExchangeAsync(await Caller.CodeAsync()))["refresh_token"]);
    }

    [Fact]
    public async Task Client_credentials_give_no_refresh_token_and_only_known_scopes()
    {
        var reply = await Caller.TokenAsync(("grant_type", "client_credentials"), ("scope", "items:read profile"));
        Assert.Null(reply["refresh_token"]);
        Assert.Equal("items:read profile", reply["scope"]);
        Assert.Equal("client:demo-client", (await Caller.GetAsync("/api/me", reply.AccessToken))["id"]);
        (await Caller.TokenAsync(("grant_type", "client_credentials"), ("scope", "root"))).MustFail(
            400,
            "invalid_scope"
        );
        Assert.Equal(1, Server.Counters.ClientCredentialsMints);
    }

    [Fact]
    public async Task A_refresh_may_narrow_the_scope_and_never_widen_it()
    {
        var grant = Server.Grants.Mint(
            new GrantSeed
            {
                Scopes = ["profile", "items:read"],
                Policy = new TokenPolicyPatch { Rotation = RotationBehaviour.SingleUse },
            }
        );
        (
            await Caller.TokenAsync(
                ("grant_type", "refresh_token"),
                ("refresh_token", grant.RefreshToken),
                ("scope", "profile items:write")
            )
        ).MustFail(400, "invalid_scope");
        var narrow = await Caller.TokenAsync(
            ("grant_type", "refresh_token"),
            ("refresh_token", grant.RefreshToken),
            ("scope", "profile")
        );
        Assert.Equal("profile", narrow["scope"]);
        (await Caller.GetAsync("/api/items", narrow.AccessToken)).MustFail(403, "insufficient_scope");
        Assert.Equal("profile items:read", (await Caller.RefreshAsync(narrow.RefreshToken))["scope"]);
    }

    [Fact]
    public async Task Expires_in_can_be_left_out_and_the_lifetime_still_applies()
    {
        Server.Clients.UpdatePolicy(
            "demo-client",
            new TokenPolicyPatch { OmitExpiresIn = true, AccessTokenSeconds = 2 }
        );
        var tokens = await Caller.ExchangeAsync(await Caller.CodeAsync());
        Assert.False(tokens.Json.TryGetProperty("expires_in", out _));
        Time.Advance(TimeSpan.FromSeconds(2));
        (await Caller.GetAsync("/api/me", tokens.AccessToken)).MustFail(401, "invalid_token");
    }

    [Theory]
    [InlineData(true, 401)]
    [InlineData(false, 200)]
    public async Task A_refresh_kills_the_old_access_token_where_the_policy_says_so(bool kills, int status)
    {
        var grant = Server.Grants.Mint(
            new GrantSeed { Policy = new TokenPolicyPatch { RefreshKillsAccessToken = kills } }
        );
        await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(status, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);
        Assert.Equal(kills ? 1 : 0, Server.Counters.ApiCallsRevokedToken);
    }

    [Fact]
    public async Task A_refresh_token_that_is_not_used_expires_and_use_keeps_it_alive()
    {
        var grant = Server.Grants.Mint(
            new GrantSeed
            {
                Policy = new TokenPolicyPatch { RefreshIdleSeconds = 100, RefreshAbsoluteSeconds = 250 },
            }
        );
        Time.Advance(TimeSpan.FromSeconds(99));
        var second = await Caller.RefreshAsync(grant.RefreshToken!);
        Time.Advance(TimeSpan.FromSeconds(99));
        var third = await Caller.RefreshAsync(second.RefreshToken);
        Assert.Equal(200, third.Status);
        Time.Advance(TimeSpan.FromSeconds(52));
        (await Caller.RefreshAsync(third.RefreshToken)).MustFail(400, "invalid_grant");

        var idle = Server.Grants.Mint(new GrantSeed { Policy = new TokenPolicyPatch { RefreshIdleSeconds = 100 } });
        Time.Advance(TimeSpan.FromSeconds(100));
        (await Caller.RefreshAsync(idle.RefreshToken!)).MustFail(400, "invalid_grant");
        Assert.False(Server.Grants.Get(idle.GrantId).Alive);
    }
}
