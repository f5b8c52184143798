using System.Net;
using System.Text.Json.Nodes;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Providers;

/// <summary>F20: what only the consent tells, such as the data centre of a Zoho user.</summary>
public sealed class DataCentreTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    [Theory]
    [InlineData("ca", "https://accounts.zohocloud.ca/oauth/v2/auth")]
    [InlineData("sa", "https://accounts.zoho.sa/oauth/v2/auth")]
    [InlineData("uk", "https://accounts.zoho.uk/oauth/v2/auth")]
    [InlineData("com.au", "https://accounts.zoho.com.au/oauth/v2/auth")]
    public async Task A_connection_may_be_of_any_data_centre(string region, string begins)
    {
        var organization = await scene.World.OrganizationAsync("Zoho " + region);
        await scene.World.ConnectionAsync(
            organization,
            "zoho_crm",
            new
            {
                client_id = "c",
                client_secret = "s",
                parameters = new { region_suffix = region },
            }
        );
        var link = await scene.World.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = organization,
                user_id = "ada",
                connection = "zoho_crm",
            }
        );
        using var browser = new Browser();
        Assert.StartsWith(begins + "?", (await browser.BeginAsync(link["link"])).AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_code_goes_to_the_users_own_server_and_so_do_refreshes_and_calls()
    {
        await using var own = await ScriptedProvider.StartAsync();
        await scene.ConnectionAsync("centres", pack =>
        {
            pack["parameters"] = JsonNode.Parse(
                $$"""
                {
                  "region": { "source": "connection", "pattern": "^[a-z]+$", "default": "one", "example": "one" },
                  "server": { "source": "captured", "pattern": "^http://127[.]0[.]0[.]1:[0-9]+$",
                    "example": "{{scene.Provider.Url}}", "from": "region",
                    "values": { "one": "{{scene.Provider.Url}}", "two": "{{own.Url}}" } },
                  "domain": { "source": "captured", "pattern": "^http://127[.]0[.]0[.]1:[0-9]+$",
                    "example": "{{scene.Provider.Url}}", "from": "region", "values": { "one": "{{scene.Provider.Url}}" } }
                }
                """
            );
            pack["oauth"]!["authorization_url"] = "{server}/authorize";
            pack["oauth"]!["token_url"] = "{server}/token";
            pack["oauth"]!["callback"] = JsonNode.Parse("""{ "capture": { "server": "accounts-server" } }""");
            pack["oauth"]!["answer"] = JsonNode.Parse("""{ "capture": { "domain": "api_domain" } }""");
            pack["api"]!["base_url"] = "{domain}";
        });
        own.Tokens["centre"] =
            $$"""{"access_token":"at-1","refresh_token":"centre-1","api_domain":"{{own.Url}}","expires_in":3600}""";
        var (account, page, _) = await scene.ConsentAsync(
            "centres",
            "centre",
            ["read"],
            extra: "&location=own&accounts-server=" + Uri.EscapeDataString(own.Url)
        );
        Assert.True((await scene.AccountAsync(account))["status"] == "ACTIVE", page);
        var done = await scene.World.ExecuteAsync(scene.Organization, "ada", "centres_look");
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        await scene.World.PostAsync(
            $"/v1/connected_accounts/{account}:refresh",
            new { organization_id = scene.Organization }
        );
        Assert.Equal(["/token", "/look", "/token"], own.Requests.Select(r => r.Path));
        Assert.DoesNotContain(scene.Provider.Requests, r => r.Body.Contains("centre", StringComparison.Ordinal));

        // A server that fits the pattern and that the pack does not list gets neither the code nor the client's secret.
        await using var unlisted = await ScriptedProvider.StartAsync();
        var (_, refused, _) = await scene.ConsentAsync(
            "centres",
            "centre",
            ["read"],
            user: "grace",
            extra: "&location=own&accounts-server=" + Uri.EscapeDataString(unlisted.Url)
        );
        Assert.Contains("client secret", refused, StringComparison.Ordinal);
        Assert.Empty(unlisted.Requests);
    }
}
