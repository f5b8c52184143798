using System.Net;
using System.Security.Cryptography;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>Every way to hold a credential executes a tool end to end against the strict provider.</summary>
public abstract class CredentialKindTests(IHosts hosts)
{
    [Theory]
    [InlineData("sandbox_never")]
    [InlineData("sandbox_grace")]
    [InlineData("sandbox_single_use")]
    [InlineData("sandbox_family")]
    public async Task An_authorization_code_grant_connects_executes_and_refreshes(string provider)
    {
        await using var world = await hosts.StartAsync();
        world.Sandbox.Clients.Update("demo-client", c =>
            c with
            {
                RedirectUris = [.. world.Urls.Select(u => u + "/oauth/callback")],
                Policy = c.Policy with { Rotation = Rotation(provider) },
            }
        );
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, provider);
        var link = await world.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = organization,
                user_id = "ada",
                connection = provider,
            }
        );
        using var browser = new Browser();

        var (status, page, _) = await browser.ConsentAsync(link["link"]);
        Assert.True(status == HttpStatusCode.OK, page);
        var first = await world.ExecuteAsync(organization, "ada", provider + "_get_profile");
        world.Sandbox.Grants.ExpireAllAccess();
        var second = await world.ExecuteAsync(organization, "ada", provider + "_get_profile");
        world.Sandbox.Grants.ExpireAllAccess();
        var third = await world.ExecuteAsync(organization, "ada", provider + "_get_profile");

        Assert.All([first, second, third], a => Assert.True(a.Status == HttpStatusCode.OK, a.ToString()));
        Assert.Equal(2, world.Sandbox.Counters.Refreshes);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
        Assert.Equal(
            "alice@sandbox.example",
            (
                await world.GetAsync(
                    $"/v1/connected_accounts/{link["connected_account_id"]}?organization_id={organization}"
                )
            )
                .Json.GetProperty("identity")
                .GetProperty("email")
                .GetString()
        );
    }

    public static TheoryData<string, string> OwnCredentials =>
        new()
        {
            { "sandbox_key", """{"type":"api_key","api_key":"sandbox-key-0001-demo"}""" },
            { "sandbox_query_key", """{"type":"api_key","api_key":"sandbox-key-0001-demo"}""" },
            { "sandbox_basic", """{"type":"basic","username":"sandbox-user","password":"sandbox-pass-0001"}""" },
            { "sandbox_cc", """{"type":"client_credentials"}""" },
        };

    [Theory]
    [MemberData(nameof(OwnCredentials))]
    public async Task An_own_credential_is_verified_masked_and_executes(string provider, string credential)
    {
        await using var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, provider, provider == "sandbox_cc" ? null : new { });

        var made = await ImportAsync(world, organization, provider, credential);
        var answer = await world.ExecuteAsync(organization, "service:nightly", provider + "_get_profile");

        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal("ACTIVE", made["status"]);
        Assert.DoesNotContain("sandbox-key-0001-demo", made.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("sandbox-pass-0001", made.Text, StringComparison.Ordinal);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
    }

    [Theory]
    [InlineData("RS256")]
    public async Task A_key_pair_mints_access_tokens_by_jwt_bearer(string algorithm)
    {
        using AsymmetricAlgorithm key =
            algorithm == "RS256" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var world = await hosts.StartAsync();
        world.Sandbox.JwtKeys.RegisterPem("robot@sandbox", null, key.ExportSubjectPublicKeyInfoPem(), "demo-client");
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_jwt");
        var pem = System.Text.Json.JsonSerializer.Serialize(key.ExportPkcs8PrivateKeyPem());

        var made = await ImportAsync(
            world,
            organization,
            "sandbox_jwt",
            $$"""{"type":"service_account","issuer":"robot@sandbox","subject":"alice","private_key":{{pem}}}"""
        );
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(_ => world.ExecuteAsync(organization, "service:nightly", "sandbox_jwt_get_profile"))
        );

        Reply.AllOk(answers);
        Assert.InRange(world.Sandbox.Counters.JwtBearerMints, 1, 2);
        Assert.DoesNotContain("PRIVATE KEY", string.Concat(world.Logs), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_own_key_is_refused_before_it_is_kept()
    {
        await using var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_key", new { });

        var made = await ImportAsync(
            world,
            organization,
            "sandbox_key",
            """{"type":"api_key","api_key":"not-a-key-of-the-sandbox"}"""
        );

        Assert.Equal("credential_invalid", made.Code);
        Assert.DoesNotContain("not-a-key-of-the-sandbox", made.Text, StringComparison.Ordinal);
        Assert.Equal(
            "account_not_connected",
            (await world.ExecuteAsync(organization, "service:nightly", "sandbox_key_get_profile")).Code
        );
    }

    private static async Task<Reply> ImportAsync(
        World world,
        string organization,
        string provider,
        string credential
    ) =>
        await world.PostAsync(
            "/v1/connected_accounts",
            System.Text.Json.Nodes.JsonNode.Parse(
                $$"""{"organization_id":"{{organization}}","user_id":"service:nightly","connection":"{{provider}}","validate":true,"credential":{{credential}}}"""
            )!
        );

    private static Sandbox.Clients.RotationBehaviour Rotation(string provider) =>
        provider switch
        {
            "sandbox_never" => Sandbox.Clients.RotationBehaviour.Never,
            "sandbox_grace" => Sandbox.Clients.RotationBehaviour.Grace,
            "sandbox_single_use" => Sandbox.Clients.RotationBehaviour.SingleUse,
            _ => Sandbox.Clients.RotationBehaviour.Family,
        };
}
