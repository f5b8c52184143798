using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Vault.Sandbox.Tests.OAuth;

public sealed class JwtBearerTests : SandboxFixture
{
    private const string Account = "robot@sandbox.example";

    // Shared by all tests of this class, which run one after the other: making an RSA key is the slowest thing here.
    private static readonly RSA _rsa = RSA.Create(2048);
    private static readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task A_signed_assertion_becomes_an_access_token_of_its_subject(string algorithm)
    {
        Register();
        var reply = await PresentAsync(Sign(algorithm, Claims()));
        Assert.Equal(200, reply.Status);
        Assert.Null(reply["refresh_token"]);
        Assert.Equal("profile", reply["scope"]);
        Assert.Equal("dora", (await Caller.GetAsync("/api/me", reply.AccessToken))["id"]);
        Assert.Equal(1, Server.Counters.JwtBearerMints);
    }

    [Fact]
    public async Task A_jwk_registers_as_well_as_a_pem()
    {
        var point = _ec.ExportParameters(false).Q;
        var jwk = JsonSerializer.SerializeToElement(
            new
            {
                kty = "EC",
                crv = "P-256",
                kid = "k-jwk",
                x = Base64Url.EncodeToString(point.X),
                y = Base64Url.EncodeToString(point.Y),
            }
        );
        Server.JwtKeys.RegisterJwk(Account, jwk);
        Assert.Equal(200, (await PresentAsync(Sign("ES256", Claims(), keyId: "k-jwk"))).Status);
        Assert.Throws<ArgumentException>(() =>
            Server.JwtKeys.RegisterPem(Account, null, _rsa.ExportRSAPrivateKeyPem())
        );
        Assert.Throws<ArgumentException>(() => Server.JwtKeys.RegisterPem(Account, null, "not a key"));
    }

    [Theory]
    [InlineData("aud", "https://elsewhere.example")]
    [InlineData("iss", "stranger@sandbox.example")]
    [InlineData("exp", 1767323045L - 120)]
    [InlineData("exp", 1767323045L + 7200)]
    [InlineData("nbf", 1767323045L + 120)]
    [InlineData("exp", null)]
    [InlineData("aud", null)]
    public async Task A_wrong_claim_is_invalid_grant(string claim, object? value)
    {
        Register();
        var claims = Claims();
        claims[claim] = value;
        (await PresentAsync(Sign("RS256", claims))).MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task Two_audiences_are_one_too_many()
    {
        Register();
        var claims = Claims();
        claims["aud"] = new[] { Server.BaseUrl, "https://elsewhere.example" };
        (await PresentAsync(Sign("RS256", claims))).MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task A_forged_signature_a_foreign_key_and_no_algorithm_are_refused()
    {
        Register();
        using var stranger = RSA.Create(2048);
        var parts = Sign("RS256", Claims()).Split('.');
        var signed = parts[0] + "." + parts[1];
        var forged =
            signed
            + "."
            + Base64Url.EncodeToString(
                stranger.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            );
        (await PresentAsync(forged)).MustFail(400, "invalid_grant");
        (await PresentAsync(Sign("none", Claims()))).MustFail(400, "invalid_grant");
        (await PresentAsync("not.a.jwt")).MustFail(400, "invalid_grant");
        Assert.Equal(0, Server.Counters.JwtBearerMints);
    }

    [Fact]
    public async Task An_assertion_with_an_id_works_once()
    {
        Register();
        var claims = Claims();
        claims["jti"] = "one";
        var assertion = Sign("RS256", claims);
        Assert.Equal(200, (await PresentAsync(assertion)).Status);
        (await PresentAsync(assertion)).MustFail(400, "invalid_grant");
    }

    private void Register()
    {
        Server.JwtKeys.RegisterPem(Account, "k-RS256", _rsa.ExportSubjectPublicKeyInfoPem());
        Server.JwtKeys.RegisterPem(Account, "k-ES256", _ec.ExportSubjectPublicKeyInfoPem());
    }

    private Dictionary<string, object?> Claims()
    {
        Assert.Equal(1767323045L, Time.GetUtcNow().ToUnixTimeSeconds());
        return new()
        {
            ["iss"] = Account,
            ["sub"] = "dora",
            ["aud"] = Server.BaseUrl + "/oauth/token",
            ["exp"] = 1767323045L + 300,
            ["scope"] = "profile",
        };
    }

    private static string Sign(string algorithm, Dictionary<string, object?> claims, string? keyId = null)
    {
        var header = new
        {
            alg = algorithm,
            typ = "JWT",
            kid = keyId ?? "k-" + algorithm,
        };
        var text =
            Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(header))
            + "."
            + Base64Url.EncodeToString(
                JsonSerializer.SerializeToUtf8Bytes(claims.Where(c => c.Value is not null).ToDictionary())
            );
        var bytes = Encoding.ASCII.GetBytes(text);
        var signature = algorithm switch
        {
            "RS256" => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "ES256" => _ec.SignData(bytes, HashAlgorithmName.SHA256),
            _ => [],
        };
        return text + "." + Base64Url.EncodeToString(signature);
    }

    private Task<Reply> PresentAsync(string assertion) =>
        Caller.PostAsync(
            "/oauth/token",
            [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]
        );
}
