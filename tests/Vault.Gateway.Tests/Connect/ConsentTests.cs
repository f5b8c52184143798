using System.Security.Cryptography;
using System.Text;
using System.Web;
using Vault.Core.Identity;
using Vault.Core.OAuth;

namespace Vault.Gateway.Tests.Connect;

public sealed class ConsentTests
{
    [Fact]
    public async Task A_person_connects_an_account()
    {
        await using var scene = await Scene.SetAsync();
        var link = await scene.LinkAsync(
            new
            {
                return_url = "https://app.example.com/done?x=1",
                state = "caller state",
                agent_name = "Weekly <b>bot</b>",
            }
        );
        var visitor = new Visitor(scene.Host);
        var page = (await scene.Host.GetAsync(new Uri(link).AbsolutePath, null)).Is(200);
        Assert.Contains("Weekly &lt;b&gt;bot&lt;/b&gt;", page.Text, StringComparison.Ordinal);
        Assert.Contains("Example App", page.Text, StringComparison.Ordinal);
        Assert.Contains("items:write", page.Text, StringComparison.Ordinal);
        Assert.Contains("<html lang=\"en\">", page.Text, StringComparison.Ordinal);
        Assert.StartsWith(
            "default-src 'none'; style-src 'sha256-",
            page.Header("Content-Security-Policy"),
            StringComparison.Ordinal
        );
        Assert.Equal("no-referrer", page.Header("Referrer-Policy"));
        Assert.Equal("DENY", page.Header("X-Frame-Options"));

        var opened = (await visitor.OpenAsync(link)).Is(303);
        Assert.Contains("httponly", opened.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", opened.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);
        var query = HttpUtility.ParseQueryString(visitor.Provider.Query);
        var back = (await visitor.ReturnAsync()).Is(303);
        Assert.StartsWith(
            "https://app.example.com/done?x=1&status=connected&connected_account_id=ca_",
            back.Header("Location"),
            StringComparison.Ordinal
        );
        Assert.EndsWith("&state=caller%20state", back.Header("Location"), StringComparison.Ordinal);

        // The verifier that reached the provider is the one whose challenge went through the browser (RFC 7636).
        var verifier = Assert.Single(scene.Host.Provider.Verifiers);
        Assert.Equal(query["code_challenge"], Base64Url(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))));
        var account = await scene.AccountAsync();
        Assert.Equal("ACTIVE", account["status"]!.GetValue<string>());
        Assert.Null(account["status_reason"]);
        Assert.Equal("u-1", account["identity"]!["subject"]!.GetValue<string>());
        Assert.DoesNotContain("secret", account.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(scene.Host.Logs.Lines, l =>
            l.Contains("at-secret", StringComparison.Ordinal) || l.Contains("rt-secret", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Looking_at_a_link_uses_nothing_up()
    {
        await using var scene = await Scene.SetAsync();
        var link = await scene.LinkAsync();
        for (var i = 0; i < 5; i++)
            (await scene.Host.GetAsync(new Uri(link).AbsolutePath, null)).Is(200);
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(link)).Is(303);
        Assert.Contains("is connected", (await visitor.ReturnAsync()).Is(200).Text, StringComparison.Ordinal);
        (await scene.Host.GetAsync(new Uri(link).AbsolutePath, null)).Is(410);
    }

    [Fact]
    public async Task The_same_browser_may_go_back_and_start_again()
    {
        await using var scene = await Scene.SetAsync();
        var link = await scene.LinkAsync();
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(link)).Is(303);
        var firstState = visitor.State;
        (await visitor.OpenAsync(link)).Is(303);
        (await visitor.ReturnAsync(state: firstState)).Is(410);
        (await visitor.ReturnAsync()).Is(200);
    }

    [Fact]
    public async Task Two_consents_in_two_tabs_do_not_push_each_other_out()
    {
        await using var scene = await Scene.SetAsync();
        var (one, two) = (new Visitor(scene.Host), new Visitor(scene.Host));
        await one.OpenAsync(await scene.LinkAsync());
        two.Cookie = one.Cookie;
        await two.OpenAsync(await scene.LinkAsync(new { account_label = "second" }));
        one.Cookie = two.Cookie;
        (await one.ReturnAsync()).Is(200);
        (await two.ReturnAsync("code-2")).Is(200);
    }

    [Fact]
    public async Task Less_than_asked_for_is_connected_and_said()
    {
        await using var scene = await Scene.SetAsync();
        scene.Host.Provider.Scopes = ["openid", "items:read"];
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync(new { return_url = "https://app.example.com/done" }));
        var back = (await visitor.ReturnAsync()).Is(303);
        Assert.Contains("missing_scopes=items%3Awrite", back.Header("Location"), StringComparison.Ordinal);
        var account = await scene.AccountAsync();
        Assert.Equal(["openid", "items:read"], account["granted_scopes"]!.AsArray().Select(s => s!.GetValue<string>()));
        Assert.Contains("items:write", account["requested_scopes"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconnecting_keeps_the_account_and_its_person()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        await visitor.ReturnAsync();
        var id = (await scene.AccountAsync())["id"]!.GetValue<string>();
        (
            await scene.Host.PostAsync(
                $"/v1/connected_accounts/{id}:revoke",
                new { organization_id = scene.Organization }
            )
        ).Is(200);
        Assert.Equal("REVOKED", (await scene.AccountAsync())["status"]!.GetValue<string>());

        var again = (
            await scene.Host.PostAsync(
                $"/v1/connected_accounts/{id}:reconnect",
                new { organization_id = scene.Organization }
            )
        ).Is(201);
        scene.Host.Provider.Identity = new IdentityReply.Known(new ProviderIdentity("u-2", "Mallory", null, null));
        await visitor.OpenAsync(again["link"]);
        (await visitor.ReturnAsync("code-2")).Is(409);
        scene.Host.Provider.Identity = new IdentityReply.Known(new ProviderIdentity("u-1", "Alice", null, null));
        again = (
            await scene.Host.PostAsync(
                $"/v1/connected_accounts/{id}:reconnect",
                new { organization_id = scene.Organization }
            )
        ).Is(201);
        await visitor.OpenAsync(again["link"]);
        (await visitor.ReturnAsync("code-3")).Is(200);
        var account = await scene.AccountAsync();
        Assert.Equal(id, account["id"]!.GetValue<string>());
        Assert.Equal("ACTIVE", account["status"]!.GetValue<string>());
    }

    private static string Base64Url(byte[] bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
