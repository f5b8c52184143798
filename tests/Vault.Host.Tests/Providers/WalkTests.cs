using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Providers;

/// <summary>What a walk through the features of a running host found, each step as a caller takes it.</summary>
public sealed class WalkTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    private const string Grant =
        """{"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600}""";

    [Fact]
    public async Task The_siem_hears_success_of_what_succeeded()
    {
        var organization = await scene.World.OrganizationAsync("Heard");
        await scene.ConnectionAsync("siem");
        await scene.World.ConnectionAsync(
            organization,
            "siem",
            new
            {
                client_id = "c",
                client_secret = "s",
                parameters = new { },
            }
        );
        scene.Provider.Tokens["siem"] = Grant;
        var link = new
        {
            organization_id = organization,
            user_id = "ada",
            connection = "siem",
        };
        var (account, _, _) = await ScriptedProvider.ConnectAsync(scene.World, link, "siem");
        var of = new { organization_id = organization };
        await scene.World.PostAsync($"/v1/connected_accounts/{account}:refresh", of);
        await scene.World.PostAsync($"/v1/organizations/{organization}:suspend", new { });
        await scene.World.PostAsync($"/v1/organizations/{organization}:resume", new { });
        await scene.World.PostAsync($"/v1/connected_accounts/{account}:revoke", of);
        await scene.World.LedgerAsync(organization, "account.revoked");

        var export = await scene
            .World.Client()
            .GetStringAsync(new Uri($"/v1/ledger:export?organization_id={organization}&format=ocsf", UriKind.Relative));
        var events = export
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(e => e.TryGetProperty("class_uid", out _))
            .ToDictionary(
                e => e.GetProperty("metadata").GetProperty("event_code").GetString() + e.GetProperty("time"),
                e => e.GetProperty("status").GetString()
            );
        foreach (
            var type in new[]
            {
                "organization.created",
                "connection.created",
                "account.connected",
                "account.refreshed",
                "organization.suspended",
                "organization.resumed",
                "account.revoked",
            }
        )
            Assert.Contains(events.Keys, k => k.StartsWith(type, StringComparison.Ordinal));
        Assert.All(events, e => Assert.True(e.Value == "Success", e.Key));
    }

    [Fact]
    public async Task A_revoked_account_makes_no_call_ambiguous_and_can_be_deleted()
    {
        await scene.ConnectionAsync("former");
        await scene.World.ConnectionAsync(
            scene.Organization,
            "former",
            new
            {
                name = "latter",
                client_id = "c",
                client_secret = "s",
                parameters = new { },
            }
        );
        var (old, _, _) = await scene.ConsentAsync("former", "any", ["read"], user: "twice");
        var (current, _, _) = await scene.ConsentAsync("latter", "any", ["read"], user: "twice");
        var both = await scene.World.ExecuteAsync(scene.Organization, "twice", "former_look");
        Assert.Equal("account_ambiguous", both.Code);

        var of = new { organization_id = scene.Organization };
        await scene.World.PostAsync($"/v1/connected_accounts/{old}:revoke", of);
        var done = await scene.World.ExecuteAsync(scene.Organization, "twice", "former_look");
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        Assert.Equal(current, done["connected_account_id"]);

        var uri = new Uri($"/v1/connected_accounts/{old}?organization_id={scene.Organization}", UriKind.Relative);
        var deleted = await Reply.ReadAsync(await scene.World.Client().DeleteAsync(uri));
        Assert.True(deleted.Status == HttpStatusCode.OK, deleted.ToString());
        Assert.Equal("not_found", (await scene.AccountAsync(old)).Code);
        var entry = Assert.Single(await scene.World.LedgerAsync(scene.Organization, "account.deleted"));
        Assert.Equal(old, entry.GetProperty("connected_account_id").GetString());
        var (again, _, _) = await scene.ConsentAsync("former", "any", ["read"], user: "twice");
        Assert.NotEqual(old, again);
    }

    [Fact]
    public async Task Chosen_scopes_are_asked_for_as_they_are()
    {
        await scene.ConnectionAsync(
            "chosen",
            pack => pack["default_scopes"] = new JsonArray("offline_access", "openid", "everything"),
            new
            {
                client_id = "c",
                client_secret = "s",
                scopes = new[] { "read" },
                parameters = new { },
            }
        );
        Assert.Equal("read offline_access openid", (await scene.ConsentAsync("chosen", "any", user: "a")).Asked);
        Assert.Equal(
            "write offline_access openid",
            (await scene.ConsentAsync("chosen", "any", ["write"], user: "b")).Asked
        );
        await scene
            .World.Client()
            .PatchAsync(
                new Uri("/v1/connections/chosen", UriKind.Relative),
                System.Net.Http.Json.JsonContent.Create(
                    new { organization_id = scene.Organization, scopes = (string[]?)null }
                )
            );
        // Nothing is chosen: what the tools that read need.
        Assert.Equal(
            "offline_access openid everything read",
            (await scene.ConsentAsync("chosen", "any", user: "c")).Asked
        );
        Assert.Equal(
            "offline_access openid everything write",
            (await scene.ConsentAsync("chosen", "any", tools: ["chosen_change"], user: "d")).Asked
        );
    }

    [Fact]
    public async Task Gmail_reads_when_nothing_is_chosen_and_joins_no_former_grant()
    {
        await scene.World.ConnectionAsync(
            scene.Organization,
            "gmail",
            new
            {
                client_id = "c",
                client_secret = "s",
                parameters = new { },
            }
        );
        var link = await scene.World.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = scene.Organization,
                user_id = "ada",
                connection = "gmail",
            }
        );
        using var browser = new Browser();
        var query = System.Web.HttpUtility.ParseQueryString((await browser.BeginAsync(link["link"])).Query);
        Assert.Equal("openid email https://www.googleapis.com/auth/gmail.readonly", query["scope"]);
        Assert.Null(query["include_granted_scopes"]);
        Assert.Equal(
            query["scope"]!.Split(' '),
            link.Json.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()!)
        );
    }

    [Fact]
    public async Task The_list_for_a_user_has_what_the_organization_offers()
    {
        var organization = await scene.World.OrganizationAsync("Offering");
        var list = $"/v1/tools?organization_id={organization}&user_id=ada&page_size=200";
        Assert.Empty(await NamesAsync(list));
        await scene.World.PostAsync("/v1/providers", scene.Provider.Pack("offered"));
        await scene.World.ConnectionAsync(
            organization,
            "offered",
            new
            {
                client_id = "c",
                parameters = new { },
                tools = new[] { "offered_look" },
            }
        );
        Assert.Equal(["offered_look"], await NamesAsync(list));
        Assert.Equal(
            ["offered_look"],
            await NamesAsync($"/v1/tools:search?q=look&organization_id={organization}&user_id=ada")
        );
    }

    [Fact]
    public async Task Two_versions_of_a_tool_stand_side_by_side()
    {
        await scene.ConnectionAsync("sides", pack =>
        {
            var tools = pack["tools"]!.AsArray();
            var next = tools[0]!.DeepClone().AsObject();
            next["version"] = "2";
            next["request"]!["url"] = "/look/again";
            tools.Add(next);
        });
        await scene.ConsentAsync("sides", "any", ["read"]);
        foreach (var (version, path) in new[] { ((string?)null, "/look/again"), ("1", "/look"), ("2", "/look/again") })
        {
            var done = await scene.World.PostAsync(
                "/v1/execute_tool",
                new
                {
                    organization_id = scene.Organization,
                    user_id = "ada",
                    tool_name = "sides_look",
                    tool_version = version,
                    tool_input = new { },
                }
            );
            Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
            Assert.Equal(path, scene.Provider.Requests.Last().Path);
        }

        Assert.Equal(
            "2",
            (await scene.World.GetAsync("/v1/tools/sides_look"))
                .Json.GetProperty("tool")
                .GetProperty("version")
                .GetString()
        );
        Assert.Equal(
            "1",
            (await scene.World.GetAsync("/v1/tools/sides_look?version=1"))
                .Json.GetProperty("tool")
                .GetProperty("version")
                .GetString()
        );
        Assert.Equal("tool_unknown", (await scene.World.GetAsync("/v1/tools/sides_look?version=3")).Code);
    }

    private async Task<IEnumerable<string>> NamesAsync(string path) =>
        (await scene.World.GetAsync(path))
            .Json.GetProperty("items")
            .EnumerateArray()
            .Select(t => t.GetProperty("name").GetString()!);
}
