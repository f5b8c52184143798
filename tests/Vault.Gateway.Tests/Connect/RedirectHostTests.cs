using System.Web;

namespace Vault.Gateway.Tests.Connect;

/// <summary>
/// A connection with a redirect URI at a host of its own: its links are opened there, because the cookie that binds a
/// consent goes back to no other host.
/// </summary>
public sealed class RedirectHostTests
{
    private const string Own = "https://connect.customer.example/oauth/callback";

    [Fact]
    public async Task A_link_is_opened_at_the_host_the_provider_sends_the_browser_back_to()
    {
        await using var scene = await Scene.SetAsync();
        await PointAsync(scene, Own);
        var link = await scene.LinkAsync();
        Assert.StartsWith("https://connect.customer.example/connect/", link, StringComparison.Ordinal);

        // A link that is out keeps its way, whatever the connection says by now.
        await PointAsync(scene, "https://elsewhere.example/oauth/callback");
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(link)).Is(303);
        Assert.Equal(Own, HttpUtility.ParseQueryString(visitor.Provider.Query)["redirect_uri"]);
        (await visitor.ReturnAsync()).Is(200);
    }

    [Fact]
    public async Task Its_page_may_post_to_itself_and_others_may_not()
    {
        await using var scene = await Scene.SetAsync();
        await PointAsync(scene, Own);
        var link = await scene.LinkAsync();
        (
            await new Visitor(scene.Host).OpenAsync(
                link,
                ("Host", "connect.customer.example"),
                ("Origin", "https://evil.example")
            )
        ).Is(403);
        (
            await new Visitor(scene.Host).OpenAsync(
                link,
                ("Host", "connect.customer.example"),
                ("Origin", "https://connect.customer.example")
            )
        ).Is(303);
    }

    [Theory]
    [InlineData("https://connect.customer.example/")]
    [InlineData("https://connect.customer.example/callback")]
    [InlineData("https://connect.customer.example/oauth/callback/")]
    public async Task A_path_at_which_the_vault_does_not_answer_is_refused_with_the_fix(string uri)
    {
        await using var scene = await Scene.SetAsync();
        var refused = (
            await scene.Host.PostAsync(
                "/v1/connections",
                new
                {
                    organization_id = scene.Organization,
                    provider = "acme",
                    name = "other",
                    client_id = "client-2",
                    client_secret = "client-secret-2",
                    redirect_uri = uri,
                }
            )
        ).Is(400, "invalid_request");
        Assert.Equal("redirect_uri", refused.Json["violations"]![0]!["path"]!.GetValue<string>());
        Assert.Contains("/oauth/callback at the provider", refused.Text, StringComparison.Ordinal);
    }

    private static async Task PointAsync(Scene scene, string uri) =>
        (
            await scene.Host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/acme",
                $$"""{"organization_id":"{{scene.Organization}}","redirect_uri":"{{uri}}"}"""
            )
        ).Is(200);
}
