using System.Net;
using System.Text.Json.Nodes;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Providers;

/// <summary>Accounts that are connected again, and grants whose connection, pack or row was changed since.</summary>
public sealed class ReconnectTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    private const string Grant =
        """{"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600}""";

    [Fact]
    public async Task Somebody_who_disconnects_can_connect_again_at_once()
    {
        // A revocation endpoint that cannot be reached keeps the former revocation pending.
        await scene.ConnectionAsync("again", pack =>
            pack["revocation"] = JsonNode.Parse(
                "{\"url\":\"http://127.0.0.1:9/revoke\",\"parameters\":{\"token\":\"{token}\"},\"kills\":\"grant\"}"
            )
        );
        var (first, _, _) = await scene.ConsentAsync("again", "any", ["read"], user: "again");
        var gone = await scene
            .World.Client()
            .DeleteAsync(new Uri("/v1/connections/again?organization_id=" + scene.Organization, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        await scene.World.ConnectionAsync(
            scene.Organization,
            "again",
            new
            {
                client_id = "c2",
                client_secret = "s",
                parameters = new { },
            }
        );
        var (second, page, _) = await scene.ConsentAsync("again", "any", ["read"], user: "again");
        Assert.Equal(first, second);
        var done = await scene.World.ExecuteAsync(scene.Organization, "again", "again_look");
        Assert.True(done.Status == HttpStatusCode.OK, done + page);
    }

    [Fact]
    public async Task A_refresh_goes_to_the_client_and_the_endpoint_of_its_consent()
    {
        await using var other = await ScriptedProvider.StartAsync();
        await scene.ConnectionAsync(
            "terms",
            pack =>
            {
                pack["parameters"] = JsonNode.Parse(
                    """{ "realm": { "source": "connection", "pattern": "^[a-z]+$", "required": true, "example": "one" } }"""
                );
                pack["oauth"]!["token_url"] = scene.Provider.Url + "/{realm}/token";
                pack["oauth"]!["refresh_parameters"] = new JsonObject { ["resource"] = "urn:{realm}" };
            },
            new
            {
                client_id = "c",
                client_secret = "s",
                parameters = new { realm = "one" },
            }
        );
        scene.Provider.Tokens["terms"] = Grant.Replace("rt-1", "terms-1", StringComparison.Ordinal);
        scene.Provider.Tokens["terms-1"] = Grant.Replace("rt-1", "terms-2", StringComparison.Ordinal);
        var (account, _, _) = await scene.ConsentAsync("terms", "terms", ["read"]);
        await ChangeAsync("terms", new { organization_id = scene.Organization, parameters = new { realm = "two" } });
        await RefreshAsync(account);
        var refresh = scene.Provider.Requests.Last(r => r.Body.Contains("terms-1", StringComparison.Ordinal));
        Assert.Equal("/one/token", refresh.Path);
        Assert.Contains("resource=urn%3Aone", refresh.Body, StringComparison.Ordinal);

        // Another client, or a pack with another endpoint: nothing is sent, and the account is not lost by it.
        await ChangeAsync("terms", new { organization_id = scene.Organization, client_id = "other" });
        await RefreshAsync(account);
        Assert.DoesNotContain(scene.Provider.Requests, r => r.Body.Contains("terms-2", StringComparison.Ordinal));
        var view = await scene.AccountAsync(account);
        Assert.Equal(("ACTIVE", "client_misconfigured"), (view["status"], view["last_failure"]));
    }

    [Fact]
    public async Task Swapped_ciphertext_is_told_recorded_and_healed_by_a_consent()
    {
        await using var world = await World.StartAsync(postgres: true);
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_never");
        var accounts = new List<string>();
        foreach (var user in new[] { "ada", "bob" })
            accounts.Add(
                await world.ImportAsync(
                    organization,
                    user,
                    "sandbox_never",
                    world.Sandbox.Grants.Mint(new Sandbox.Grants.GrantSeed()),
                    TimeProvider.System.GetUtcNow().AddHours(1)
                )
            );
        await using (var database = new Npgsql.NpgsqlConnection(world.Database))
        {
            await database.OpenAsync();
            await using var swap = new Npgsql.NpgsqlCommand(
                "update vault.accounts a set grant_blob = b.grant_blob from vault.accounts b where a.id <> b.id",
                database
            );
            Assert.Equal(2, await swap.ExecuteNonQueryAsync());
        }

        var refused = await world.ExecuteAsync(organization, "ada", "sandbox_never_get_profile");
        Assert.Equal(("reauth_required", "credential_unreadable"), (refused.Code, refused["status_reason"]));
        Assert.StartsWith("http", refused["reconnect_url"], StringComparison.Ordinal);
        var entry = Assert.Single(await world.LedgerAsync(organization, "execution.refused"));
        Assert.Equal("credential_unreadable", entry.GetProperty("status_reason").GetString());
        var refreshed = await world.PostAsync(
            $"/v1/connected_accounts/{accounts[0]}:refresh",
            new { organization_id = organization }
        );
        Assert.Equal("credential_unreadable", refreshed["status_reason"]);
        var revoked = await world.PostAsync(
            $"/v1/connected_accounts/{accounts[1]}:revoke",
            new { organization_id = organization }
        );
        Assert.True(revoked.Status == HttpStatusCode.OK, revoked.ToString());
    }

    [Fact]
    public async Task An_expired_link_leads_back_to_the_application()
    {
        var clock = new OffsetClock(TimeSpan.Zero);
        await using var world = await World.StartAsync();
        await world.StopLastAsync();
        await world.AddHostAsync(clock);
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(
            organization,
            "sandbox_never",
            new
            {
                client_id = "demo-client",
                client_secret = "demo-secret",
                return_urls = new[] { "https://app.example.com/done" },
            }
        );
        var link = await world.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = organization,
                user_id = "ada",
                connection = "sandbox_never",
                return_url = "https://app.example.com/done",
                state = "s1",
            }
        );
        clock.Off = TimeSpan.FromMinutes(11);
        var page = await world.Client().GetAsync(new Uri(link["link"]));
        var text = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync());
        Assert.Contains("This link has expired", text, StringComparison.Ordinal);
        Assert.Contains(
            $"href=\"https://app.example.com/done?status=expired&connected_account_id={link["connected_account_id"]}&error=link_invalid&state=s1\"",
            text,
            StringComparison.Ordinal
        );
    }

    private async Task ChangeAsync(string connection, object change)
    {
        var done = await Reply.ReadAsync(
            await scene
                .World.Client()
                .PatchAsync(
                    new Uri("/v1/connections/" + connection, UriKind.Relative),
                    System.Net.Http.Json.JsonContent.Create(change)
                )
        );
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
    }

    private Task<Reply> RefreshAsync(string account) =>
        scene.World.PostAsync(
            $"/v1/connected_accounts/{account}:refresh",
            new { organization_id = scene.Organization }
        );
}
