using System.Text.Json.Nodes;
using Vault.Core.Scopes;
using Vault.Gateway.Tests.Connect;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Scopes;

public sealed class ScopeEconomyTests
{
    [Fact]
    public async Task A_version_is_prepared_compared_staged_and_activated_and_says_who_must_consent_again()
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        await ConnectAsync(scene, "items:read");
        var path = $"/v1/connections/acme/scope_bundles";
        var active = (await host.GetAsync(path + Query(scene))).Is(200).Json["items"]!.AsArray();
        Assert.Equal("active", (string)Assert.Single(active)!["stage"]!);

        var draft = (
            await host.PostAsync(
                path,
                new
                {
                    organization_id = scene.Organization,
                    tools = new[] { "acme_get_item" },
                    note = "read only",
                }
            )
        ).Is(201).Json;
        Assert.Equal((2, "draft"), ((int)draft["version"]!, (string)draft["stage"]!));
        Assert.Equal(["items:read", "openid"], Texts(draft["scopes"]).Order());
        Assert.Equal(["items:write"], Texts(draft["diff"]!["removed"]));
        Assert.Equal(["acme_delete_item"], Texts(draft["diff"]!["tools_lost"]));
        Assert.Equal(["items:write"], Texts(draft["lacking"]));
        var wide = (
            await host.PostAsync(
                path,
                new
                {
                    organization_id = scene.Organization,
                    scopes = new[] { "items:read", "items:write", "items:other" },
                }
            )
        )
            .Is(201)
            .Json;
        Assert.Equal(["items:other"], Texts(wide["needless"]));
        Assert.Equal(
            ["items:other", "items:write"],
            Texts((await host.GetAsync($"{path}/3{Query(scene)}&against=2")).Is(200).Json["diff"]!["added"]).Order()
        );

        Assert.Equal(
            "staged",
            (await host.PostAsync(path + "/2:stage", new { organization_id = scene.Organization, percent = 100 })).Is(
                200
            )["stage"]
        );
        Assert.Equal("openid items:read", await AskedAsync(host, scene, "somebody"));
        (await host.PostAsync(path + "/2:stage", new { organization_id = scene.Organization, percent = 0 })).Is(200);
        Assert.Contains("items:write", await AskedAsync(host, scene, "somebody"), StringComparison.Ordinal);
        var before = (await host.GetAsync("/v1/connections/acme" + Query(scene))).Is(200)["updated_at"];
        host.Time.Advance(TimeSpan.FromSeconds(5));
        (await host.PostAsync(path + "/9:stage", new { organization_id = scene.Organization, percent = 1 })).Is(
            404,
            "not_found"
        );
        (await host.PostAsync(path + "/9:activate", new { organization_id = scene.Organization })).Is(404, "not_found");
        Assert.Equal(before, (await host.GetAsync("/v1/connections/acme" + Query(scene))).Is(200)["updated_at"]);
        (await host.PostAsync(path + "/3:activate", new { organization_id = scene.Organization })).Is(200);
        Assert.Contains("items:other", await AskedAsync(host, scene, "somebody"), StringComparison.Ordinal);

        var lacking = (await host.GetAsync($"{path}/3/accounts{Query(scene)}")).Is(200).Json["items"]!.AsArray();
        Assert.Equal(["items:other", "items:write"], Texts(Assert.Single(lacking)!["missing_scopes"]).Order());
        Assert.Empty((await host.GetAsync($"{path}/2/accounts{Query(scene)}")).Is(200).Json["items"]!.AsArray());
        Assert.Equal(
            ["retired", "draft", "active"],
            (await host.GetAsync(path + Query(scene))).Is(200).Json["items"]!
                .AsArray()
                .Select(b => (string)b!["stage"]!)
        );
    }

    [Fact]
    public async Task What_nobody_says_is_the_union_of_the_enabled_tools_and_consent_grows_with_use()
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/" + "acme",
                new JsonObject
                {
                    ["organization_id"] = scene.Organization,
                    ["scopes"] = null,
                    ["tools"] = new JsonArray("acme_get_item"),
                }.ToJsonString()
            )
        ).Is(200);
        Assert.Equal("openid items:read", await AskedAsync(host, scene, "new"));

        await ConnectAsync(scene, "items:read", "extra");
        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/" + "acme",
                new JsonObject { ["organization_id"] = scene.Organization, ["tools"] = null }.ToJsonString()
            )
        ).Is(200);
        var asked = (await AskedAsync(host, scene, "user-1", "acme_delete_item")).Split(' ');
        Assert.Equal(["extra", "items:read", "items:write", "openid"], asked.Order());
        (
            await host.PostAsync(
                "/v1/connected_accounts:link",
                new
                {
                    organization_id = scene.Organization,
                    user_id = "u",
                    connection = "acme",
                    tools = new[] { "keyed_get_item" },
                }
            )
        ).Is(400, "invalid_request");
    }

    [Fact]
    public async Task What_is_used_and_what_is_refused_is_counted_and_what_lies_unused_is_named()
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        await ConnectAsync(scene, "items:read", "idle");
        for (var i = 0; i < 3; i++)
            (
                await host.PostAsync(
                    "/v1/execute_tool",
                    new
                    {
                        organization_id = scene.Organization,
                        user_id = "user-1",
                        tool_name = "acme_get_item",
                        tool_input = new { id = "1" },
                    }
                )
            ).Is(200);
        for (var i = 0; i < 2; i++)
        {
            var refused = (
                await host.PostAsync(
                    "/v1/execute_tool",
                    new
                    {
                        organization_id = scene.Organization,
                        user_id = "user-1",
                        tool_name = "acme_delete_item",
                        tool_input = new { id = "1" },
                    }
                )
            ).Is(403, "scope_missing");
            Assert.Equal(["items:write"], Texts(refused.Json["missing_scopes"]));
        }

        await host.Get<IScopeUseStore>().AddAsync(host.Get<ScopeUseLog>().Take(), default);
        var usage = (await host.GetAsync("/v1/scopes:usage" + Query(scene))).Is(200).Json["items"]!.AsArray();
        var mine = Assert.Single(usage)!;
        Assert.Equal(3, (int)mine["granted"]!.AsArray().Single(g => (string)g!["scope"]! == "items:read")!["uses"]!);
        Assert.Equal(2, (int)Assert.Single(mine["refused"]!.AsArray())!["refusals"]!);
        Assert.Empty(mine["unused"]!.AsArray());

        ((MovableTime)host.Get<TimeProvider>()).Advance(TimeSpan.FromDays(40));
        mine = (
            await host.GetAsync(
                $"/v1/scopes:usage{Query(scene)}&days=30&connected_account_id={(string)mine["connected_account_id"]!}"
            )
        )
            .Is(200)
            .Json["items"]!
            .AsArray()
            .Single()!;
        Assert.Equal(["idle", "items:read"], Texts(mine["unused"]).Order());
        mine = (await host.GetAsync($"/v1/scopes:usage{Query(scene)}&days=41&connection=acme")).Is(200).Json["items"]!
            .AsArray()
            .Single()!;
        Assert.Empty(mine["unused"]!.AsArray());
        var sum = (await host.GetAsync($"/v1/scopes:summary{Query(scene)}&days=30")).Is(200).Json;
        Assert.Equal((1, 2, 2), ((int)sum["accounts"]!, (int)sum["unused_grants"]!, (int)sum["refusals"]!));
        Assert.Equal(
            ["idle", "items:read"],
            Texts(Assert.Single(sum["connections"]!.AsArray())!["never_used"]).Order()
        );

        var other = await host.OrganizationAsync("Other");
        Assert.Empty(
            (await host.GetAsync($"/v1/scopes:usage?organization_id={other}")).Is(200).Json["items"]!.AsArray()
        );
        (
            await host.GetAsync(
                $"/v1/scopes:usage?organization_id={other}&connected_account_id={(string)mine["connected_account_id"]!}"
            )
        ).Is(404, "not_found");
        Assert.Equal(
            0,
            (int)(await host.GetAsync($"/v1/scopes:summary?organization_id={other}")).Is(200).Json["accounts"]!
        );
    }

    /// <summary>The scopes on the provider's authorization URL of a fresh link.</summary>
    private static async Task<string> AskedAsync(GatewayHost host, Scene scene, string user, params string[] tools)
    {
        var body = new JsonObject
        {
            ["organization_id"] = scene.Organization,
            ["user_id"] = user,
            ["connection"] = "acme",
        };
        if (tools.Length > 0)
            body["tools"] = new JsonArray([.. tools.Select(t => JsonValue.Create(t))]);
        var link = (await host.PostAsync("/v1/connected_accounts:link", body.ToJsonString())).Is(201);
        var page = (await host.GetAsync(new Uri(link["link"]).AbsolutePath, key: null)).Text;
        return string.Join(
            ' ',
            System
                .Text.RegularExpressions.Regex.Matches(page, "<li><code>([^<]+)</code>")
                .Select(m => m.Groups[1].Value)
        );
    }

    private static async Task ConnectAsync(Scene scene, params string[] granted)
    {
        ((FakeTokenEndpoint)scene.Host.Get<Core.OAuth.ITokenEndpoint>()).Scopes = [.. granted];
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(await scene.LinkAsync())).Is(303);
        (await visitor.ReturnAsync()).Is(200);
    }

    private static string Query(Scene scene) => "?organization_id=" + scene.Organization;

    private static IEnumerable<string> Texts(JsonNode? list) => list!.AsArray().Select(t => (string)t!);
}
