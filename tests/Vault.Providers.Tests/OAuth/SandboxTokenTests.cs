using System.Security.Cryptography;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Tests.Peers;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;

namespace Vault.Providers.Tests.OAuth;

public sealed class SandboxTokenTests : IAsyncLifetime
{
    private SandboxRig _rig = null!;

    public async Task InitializeAsync() => _rig = await SandboxRig.StartAsync();

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task A_refresh_rotates_and_a_replay_is_a_dead_grant()
    {
        var grant = _rig.Grant();
        var client = _rig.Client("sandbox");
        var first = Assert.IsType<TokenReply.Granted>(
            await _rig.Tokens.RefreshAsync(client, grant.RefreshToken!, SandboxRig.Soon)
        );
        Assert.NotNull(first.Tokens.Secrets.RefreshToken);
        Assert.NotEqual(grant.RefreshToken!.RevealText(), first.Tokens.Secrets.RefreshToken!.RevealText());
        Assert.True(first.Tokens.AccessExpiresAt > TimeProvider.System.GetUtcNow());
        Assert.Contains("items:read", first.Tokens.Scopes!.Value);

        var replay = Assert.IsType<TokenReply.GrantDead>(
            await _rig.Tokens.RefreshAsync(client, grant.RefreshToken!, SandboxRig.Soon)
        );
        Assert.Equal((StatusReason.GrantRevoked, "invalid_grant"), (replay.Reason, replay.Failure));
        Assert.Equal(1, _rig.Sandbox.Counters.RefreshReplays);
    }

    [Fact]
    public async Task A_provider_that_never_rotates_answers_without_a_refresh_token()
    {
        var minted = _rig.Sandbox.Grants.Mint(
            new GrantSeed { Policy = new() { Rotation = Vault.Sandbox.Clients.RotationBehaviour.Never } }
        );
        var reply = Assert.IsType<TokenReply.Granted>(
            await _rig.Tokens.RefreshAsync(
                _rig.Client("sandbox_never"),
                Secret.From(minted.RefreshToken!),
                SandboxRig.Soon
            )
        );
        Assert.Null(reply.Tokens.Secrets.RefreshToken);
    }

    [Theory]
    [InlineData(FaultKind.RateLimited, typeof(TokenReply.NotActed))]
    [InlineData(FaultKind.ServerError, typeof(TokenReply.MayHaveActed))]
    [InlineData(FaultKind.DropBefore, typeof(TokenReply.MayHaveActed))]
    [InlineData(FaultKind.DropAfter, typeof(TokenReply.MayHaveActed))]
    [InlineData(FaultKind.MalformedJson, typeof(TokenReply.MayHaveActed))]
    [InlineData(FaultKind.InvalidGrant, typeof(TokenReply.GrantDead))]
    [InlineData(FaultKind.ErrorBody, typeof(TokenReply.ClientRefused))]
    public async Task A_fault_is_named_exactly_and_sent_once(FaultKind kind, Type expected)
    {
        var grant = _rig.Grant();
        _rig.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = kind,
                Target = FaultTarget.Token,
                RetryAfterSeconds = 7,
                Error = "weird",
            }
        );
        var reply = await _rig.Tokens.RefreshAsync(_rig.Client("sandbox"), grant.RefreshToken!, SandboxRig.Soon);
        Assert.IsType(expected, reply);
        if (reply is TokenReply.NotActed not)
            Assert.Equal(TimeSpan.FromSeconds(7), not.RetryAfter);
        Assert.Equal(1, _rig.Sandbox.Counters.TokenRequests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(504)]
    public async Task A_gateway_that_answers_in_its_place_may_hide_an_act(int status)
    {
        _rig.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Token,
                Status = status,
            }
        );
        Assert.IsType<TokenReply.MayHaveActed>(
            await _rig.Tokens.RefreshAsync(_rig.Client("sandbox"), _rig.Grant().RefreshToken!, SandboxRig.Soon)
        );
    }

    [Fact]
    public async Task A_wrong_secret_is_our_fault_not_the_grants()
    {
        var client = _rig.Client("sandbox") with { ClientSecret = Secret.From("wrong") };
        var reply = Assert.IsType<TokenReply.ClientRefused>(
            await _rig.Tokens.RefreshAsync(client, _rig.Grant().RefreshToken!, SandboxRig.Soon)
        );
        Assert.Equal((StatusReason.ClientMisconfigured, "invalid_client"), (reply.Reason, reply.Failure));
    }

    [Fact]
    public async Task Client_credentials_mint()
    {
        var reply = Assert.IsType<TokenReply.Granted>(
            await _rig.Tokens.MintAsync(_rig.Client("sandbox_cc"), null, ["items:read"], SandboxRig.Soon)
        );
        Assert.Equal(["items:read"], reply.Tokens.Scopes!.Value.ToArray());
        Assert.Null(reply.Tokens.Secrets.RefreshToken);
    }

    [Fact]
    public async Task An_assertion_mints_signed_with_rsa()
    {
        using var rsa = RSA.Create(2048);
        _rig.Sandbox.JwtKeys.RegisterPem("robot@sandbox", "k1", rsa.ExportSubjectPublicKeyInfoPem());
        var credential = SandboxRig.Own(
            AuthMode.JwtBearer,
            ("issuer", "robot@sandbox"),
            ("key_id", "k1"),
            ("subject", "alice"),
            ("private_key", rsa.ExportPkcs8PrivateKeyPem())
        );
        var reply = await _rig.Tokens.MintAsync(
            _rig.Client("sandbox_jwt"),
            credential,
            ["items:read"],
            SandboxRig.Soon
        );
        Assert.True(reply is TokenReply.Granted, reply.ToString());
    }

    [Fact]
    public async Task An_unusable_key_is_refused_before_anything_is_sent()
    {
        var credential = SandboxRig.Own(
            AuthMode.JwtBearer,
            ("issuer", "robot"),
            ("private_key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----")
        );
        var reply = Assert.IsType<TokenReply.ClientRefused>(
            await _rig.Tokens.MintAsync(_rig.Client("sandbox_jwt"), credential, [], SandboxRig.Soon)
        );
        Assert.Equal("private_key_unusable", reply.Failure);
        Assert.Equal(0, _rig.Sandbox.Counters.TokenRequests);
    }

    [Fact]
    public async Task Revoking_is_confirmed_and_the_identity_is_known_until_then()
    {
        var grant = _rig.Grant();
        var client = _rig.Client("sandbox");
        var known = Assert.IsType<IdentityReply.Known>(
            await _rig.Tokens.IdentifyAsync(client, grant, null, SandboxRig.Soon)
        );
        Assert.Equal(new ProviderIdentity("alice", "Alice Adams", "alice@sandbox.example", null), known.Identity);

        Assert.Equal(
            UpstreamRevocation.Confirmed,
            (await _rig.Tokens.RevokeAsync(client, grant, SandboxRig.Soon)).Outcome
        );
        Assert.IsType<IdentityReply.Refused>(await _rig.Tokens.IdentifyAsync(client, grant, null, SandboxRig.Soon));
    }

    [Fact]
    public async Task Where_no_call_shows_whose_a_grant_is_introspection_tells_whether_it_lives()
    {
        var grant = _rig.Grant();
        var known = _rig.Client("sandbox");
        var client = known with
        {
            Pack = known.Pack with { Details = known.Pack.Details with { Identity = null, Verification = null } },
        };
        Assert.IsType<IdentityReply.Works>(await _rig.Tokens.IdentifyAsync(client, grant, null, SandboxRig.Soon));

        await _rig.Tokens.RevokeAsync(client, grant, SandboxRig.Soon);
        Assert.Equal(
            "inactive",
            Assert
                .IsType<IdentityReply.Refused>(await _rig.Tokens.IdentifyAsync(client, grant, null, SandboxRig.Soon))
                .Failure
        );

        // Without the answer of the one who knows, nothing is said of the grant.
        _rig.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Introspect,
                Times = 1,
            }
        );
        Assert.IsType<IdentityReply.Unavailable>(await _rig.Tokens.IdentifyAsync(client, grant, null, SandboxRig.Soon));
    }

    [Theory]
    [InlineData("sandbox_key", AuthMode.ApiKey, "api_key", "sandbox-key-0001-demo")]
    [InlineData("sandbox_query_key", AuthMode.ApiKey, "api_key", "sandbox-key-0001-demo")]
    public async Task An_own_key_is_verified(string pack, AuthMode mode, string field, string value)
    {
        Assert.IsType<IdentityReply.Known>(
            await _rig.Tokens.IdentifyAsync(
                _rig.Client(pack),
                null,
                SandboxRig.Own(mode, (field, value)),
                SandboxRig.Soon
            )
        );
        Assert.IsType<IdentityReply.Refused>(
            await _rig.Tokens.IdentifyAsync(
                _rig.Client(pack),
                null,
                SandboxRig.Own(mode, (field, value + "x")),
                SandboxRig.Soon
            )
        );
    }

    [Fact]
    public void The_authorization_url_carries_pkce_and_no_secret()
    {
        var url = _rig.Tokens.AuthorizationUrl(
            _rig.Client("sandbox"),
            ["items:read", "profile"],
            "st&ate",
            "challenge"
        );
        Assert.StartsWith(_rig.Sandbox.BaseUrl + "/oauth/authorize?", url.AbsoluteUri, StringComparison.Ordinal);
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(url.Query);
        Assert.Equal(
            [
                "client_id=demo-client",
                "code_challenge=challenge",
                "code_challenge_method=S256",
                "redirect_uri=http://127.0.0.1:8080/oauth/callback",
                "response_type=code",
                "scope=items:read profile",
                "state=st&ate",
            ],
            query.Select(q => q.Key + "=" + q.Value).Order(StringComparer.Ordinal)
        );
        Assert.Equal((_rig.Sandbox.BaseUrl, true), _rig.Tokens.ExpectedIssuer(_rig.Client("sandbox")));
    }
}
