using System.Security.Cryptography;
using System.Text;
using System.Web;
using Vault.Core.Accounts;
using Vault.Core.OAuth;

namespace Vault.Gateway.Tests.Connect;

/// <summary>
/// What belongs to one consent is brought to another one: another person's, another provider's, or of more than was
/// asked for.
/// </summary>
public sealed class CrossTests
{
    [Fact]
    public async Task An_attackers_answer_in_the_victims_browser_connects_nothing()
    {
        // Login CSRF: the attacker consents at the provider, keeps the answer, and makes the victim's browser open it.
        await using var scene = await Scene.SetAsync();
        var (attacker, victim) = (new Visitor(scene.Host), new Visitor(scene.Host));
        await attacker.OpenAsync(await scene.LinkAsync(new { account_label = "attacker" }));
        await victim.OpenAsync(await scene.LinkAsync());
        (await victim.ReturnAsync("attackers-code", state: attacker.State)).Is(410);
        Assert.Empty(scene.Host.Provider.Codes);
        (await victim.ReturnAsync("own-code")).Is(200);
        Assert.Equal("own-code", Assert.Single(scene.Host.Provider.Codes));
    }

    [Fact]
    public async Task A_code_of_another_consent_goes_out_with_a_verifier_that_is_not_its_own()
    {
        // Code injection: the state is the victim's, the code is not. The provider knows which challenge the code was
        // given for (RFC 7636), and says no.
        await using var scene = await Scene.SetAsync();
        var (attacker, victim) = (new Visitor(scene.Host), new Visitor(scene.Host));
        await attacker.OpenAsync(await scene.LinkAsync(new { account_label = "attacker" }));
        await victim.OpenAsync(await scene.LinkAsync());
        scene.Host.Provider.Replies.Enqueue(new TokenReply.GrantDead(StatusReason.GrantRevoked, "invalid_grant"));
        Assert.NotEqual(200, (int)(await victim.ReturnAsync("attackers-code")).Status);
        var challenge = Challenge(Assert.Single(scene.Host.Provider.Verifiers));
        Assert.Equal(ChallengeOf(victim), challenge);
        Assert.NotEqual(ChallengeOf(attacker), challenge);
        Assert.Equal("PENDING_AUTH", (await scene.AccountAsync())["status"]!.GetValue<string>());
        (await victim.ReturnAsync("attackers-code")).Is(410);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_answer_of_one_provider_is_not_taken_for_that_of_another(bool codeOfTheHonestOne)
    {
        // Mix-up (RFC 9207, RFC 9700 4.4): two providers, of which one is malign and sends the browser on to the other,
        // so that the code goes to the wrong one.
        await using var scene = await Scene.SetAsync();
        const string Honest = "https://id.acme.example",
            Malign = "https://id.malign.example";
        (
            await scene.Host.PostAsync(
                "/v1/connections",
                new
                {
                    organization_id = scene.Organization,
                    provider = "acme",
                    name = "other",
                    client_id = "client-2",
                    client_secret = "client-secret-2",
                    scopes = new[] { "items:read" },
                }
            )
        ).Is(201);
        scene.Host.Provider.IssuerOf = client => client.Connection.ClientId == "client-2" ? Malign : Honest;
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync(new { connection = codeOfTheHonestOne ? "other" : "acme" }));
        (await visitor.ReturnAsync(iss: codeOfTheHonestOne ? Honest : Malign)).Is(410);
        Assert.Empty(scene.Host.Provider.Codes);

        // And without a mistake each takes its own.
        foreach (var (connection, issuer) in new[] { ("acme", Honest), ("other", Malign) })
        {
            await visitor.OpenAsync(await scene.LinkAsync(new { connection, account_label = "again" }));
            (await visitor.ReturnAsync(iss: issuer)).Is(200);
        }
    }

    [Fact]
    public async Task The_way_back_asks_for_no_more_than_the_link_did()
    {
        // Scope upgrade: neither the address the browser comes back to nor a word in it widens what was asked for.
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        var asked = HttpUtility.ParseQueryString(visitor.Provider.Query)["scope"]!.Split(' ');
        Assert.DoesNotContain("admin", asked);
        (await visitor.ReturnAsync(more: "&scope=items%3Aread+items%3Awrite+admin&granted_scopes=admin")).Is(200);
        var account = await scene.AccountAsync();
        Assert.Equal(asked.Order(), account["granted_scopes"]!.AsArray().Select(s => s!.GetValue<string>()).Order());
        Assert.Equal(asked.Order(), account["requested_scopes"]!.AsArray().Select(s => s!.GetValue<string>()).Order());
    }

    [Fact]
    public async Task No_page_may_be_framed()
    {
        await using var scene = await Scene.SetAsync();
        var link = await scene.LinkAsync();
        var visitor = new Visitor(scene.Host);
        var pages = new[]
        {
            (await scene.Host.GetAsync(new Uri(link).AbsolutePath, null)).Is(200),
            (await visitor.OpenAsync(link, ("Sec-Fetch-Site", "cross-site"))).Is(403),
            (await visitor.OpenAsync(link)).Is(303),
            (await visitor.ReturnAsync(iss: "https://evil.example")).Is(410),
            (await visitor.OpenAsync(await scene.LinkAsync())).Is(303),
            (await visitor.ReturnAsync()).Is(200),
            (await visitor.ReturnAsync()).Is(410),
            (await scene.Host.GetAsync("/connect/nothing", null)).Is(410),
        };
        foreach (var page in pages)
        {
            Assert.Equal("DENY", page.Header("X-Frame-Options"));
            Assert.Contains("frame-ancestors 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains("default-src 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        }
    }

    private static string ChallengeOf(Visitor visitor) =>
        HttpUtility.ParseQueryString(visitor.Provider.Query)["code_challenge"]!;

    private static string Challenge(string verifier) =>
        Convert
            .ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))
            .TrimEnd('=')
            .Replace('+', '-')
            .Replace('/', '_');
}
