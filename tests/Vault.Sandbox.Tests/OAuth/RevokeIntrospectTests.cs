using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Tests.OAuth;

public sealed class RevokeIntrospectTests : SandboxFixture
{
    [Fact]
    public async Task Revoking_the_refresh_token_takes_the_access_tokens_with_it()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        Assert.Equal(200, (await RevokeAsync(grant.RefreshToken!)).Status);
        (await Caller.GetAsync("/api/me", grant.AccessToken)).MustFail(401, "invalid_token");
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");
        Assert.Equal(1, Server.Counters.Revocations);
        Assert.Equal(1, Server.Counters.ApiCallsRevokedToken);
    }

    [Fact]
    public async Task Revoking_the_access_token_leaves_the_grant()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        Assert.Equal(200, (await RevokeAsync(grant.AccessToken)).Status);
        Assert.Equal(401, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);
        Assert.Equal(200, (await Caller.RefreshAsync(grant.RefreshToken!)).Status);
    }

    [Fact]
    public async Task An_unknown_token_is_a_success_and_a_foreign_one_is_refused()
    {
        Server.Clients.Register(new SandboxClient { ClientId = "other", ClientSecret = "other-secret" });
        var foreign = Server.Grants.Mint(new GrantSeed { ClientId = "other" });
        Assert.Equal(200, (await RevokeAsync("nothing-we-know")).Status);
        (await RevokeAsync(foreign.RefreshToken!)).MustFail(400, "invalid_grant");
        (await Caller.PostAsync("/oauth/revoke", [("token", foreign.RefreshToken)])).MustFail(401, "invalid_client");
        Assert.True(Server.Grants.Get(foreign.GrantId).Alive);
    }

    [Fact]
    public async Task Introspection_describes_live_tokens_and_says_nothing_of_others()
    {
        Server.Clients.Register(new SandboxClient { ClientId = "other", ClientSecret = "other-secret" });
        var grant = Server.Grants.Mint(new GrantSeed { Subject = "bob", Scopes = ["profile"] });
        var foreign = Server.Grants.Mint(new GrantSeed { ClientId = "other" });
        var active = await IntrospectAsync(grant.AccessToken);
        Assert.True(active.Json.GetProperty("active").GetBoolean());
        Assert.Equal(
            ("bob", "profile", "demo-client", Server.BaseUrl),
            (active["sub"], active["scope"], active["client_id"], active["iss"])
        );
        Assert.True((await IntrospectAsync(grant.RefreshToken!)).Json.GetProperty("active").GetBoolean());

        Time.Advance(TimeSpan.FromHours(1));
        foreach (var token in new[] { grant.AccessToken, foreign.AccessToken, foreign.RefreshToken!, "unknown" })
        {
            Assert.Equal("{\"active\":false}", (await IntrospectAsync(token)).Text);
        }

        (await Caller.PostAsync("/oauth/introspect", [("token", grant.AccessToken)])).MustFail(401, "invalid_client");
    }

    [Fact]
    public async Task Userinfo_tells_as_much_as_the_scopes_allow()
    {
        var all = await Caller.GetAsync(
            "/oauth/userinfo",
            Server.Grants.Mint(new GrantSeed { Subject = "bob" }).AccessToken
        );
        Assert.Equal(("bob", "Bob Brown", "bob@sandbox.example"), (all["sub"], all["name"], all["email"]));
        var little = await Caller.GetAsync(
            "/oauth/userinfo",
            Server.Grants.Mint(new GrantSeed { Scopes = ["openid"] }).AccessToken
        );
        Assert.Equal("{\"sub\":\"alice\"}", little.Text);
        (
            await Caller.GetAsync(
                "/oauth/userinfo",
                Server.Grants.Mint(new GrantSeed { Scopes = ["items:read"] }).AccessToken
            )
        ).MustFail(403, "insufficient_scope");
    }

    [Fact]
    public async Task Metadata_names_this_server_and_an_id_token_verifies_against_jwks()
    {
        var metadata = await Caller.GetAsync("/.well-known/oauth-authorization-server");
        Assert.Equal(Server.BaseUrl, metadata["issuer"]);
        Assert.True(metadata.Json.GetProperty("authorization_response_iss_parameter_supported").GetBoolean());
        Assert.Equal(
            "S256",
            Assert.Single(metadata.Json.GetProperty("code_challenge_methods_supported").EnumerateArray()).GetString()
        );
        Assert.Equal(metadata.Text, (await Caller.GetAsync("/.well-known/openid-configuration")).Text);

        var tokens = await Caller.ExchangeAsync(await Caller.CodeAsync(("scope", "openid profile"), ("nonce", "n-1")));
        var parts = tokens["id_token"]!.Split('.');
        var jwk = (await Caller.GetAsync("/jwks")).Json.GetProperty("keys")[0];
        using var rsa = RSA.Create(
            new RSAParameters
            {
                Modulus = Base64Url.DecodeFromChars(jwk.GetProperty("n").GetString()),
                Exponent = Base64Url.DecodeFromChars(jwk.GetProperty("e").GetString()),
            }
        );
        Assert.True(
            rsa.VerifyData(
                Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]),
                Base64Url.DecodeFromChars(parts[2]),
                HashAlgorithmName.SHA256,
                RSASignaturePadding.Pkcs1
            )
        );
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal(
            ("alice", "n-1", "demo-client", Server.BaseUrl),
            (
                claims.GetProperty("sub").GetString(),
                claims.GetProperty("nonce").GetString(),
                claims.GetProperty("aud").GetString(),
                claims.GetProperty("iss").GetString()
            )
        );
    }

    private Task<Reply> RevokeAsync(string token) =>
        Caller.PostAsync("/oauth/revoke", SandboxCaller.WithSecret(("token", token)));

    private Task<Reply> IntrospectAsync(string token) =>
        Caller.PostAsync("/oauth/introspect", SandboxCaller.WithSecret(("token", token)));
}
