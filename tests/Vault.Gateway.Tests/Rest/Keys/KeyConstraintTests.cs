using Vault.Core.Callers;
using Vault.Gateway.Tests.Connect;
using Vault.Gateway.Tests.Host;
using static Vault.Gateway.Tests.Http.IdempotencyTests;

namespace Vault.Gateway.Tests.Rest.Keys;

/// <summary>What a key is limited to holds where it calls and where it lists (law 15).</summary>
public sealed class KeyConstraintTests
{
    [Fact]
    public async Task A_key_for_one_user_acts_for_no_other_and_sees_no_other()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var mine = await KeyAsync(scene, new { users = new[] { "user-1" } });
        var others = await KeyAsync(scene, new { users = new[] { "user-2" } });
        (await ExecuteAsync(scene, mine)).Is(200);
        var calls = scene.Host.Upstream.Calls;
        (await ExecuteAsync(scene, others)).Is(403, "permission_denied");
        var id = (await scene.AccountAsync())["id"]!.GetValue<string>();
        // By the account's id, without naming its user.
        var byId = new
        {
            tool_name = "acme_get_item",
            connected_account_id = id,
            tool_input = new { id = "1" },
        };
        (await scene.Host.PostAsync("/v1/execute_tool", byId, others)).Is(424, "account_not_connected");
        Assert.Equal(calls, scene.Host.Upstream.Calls);
        Assert.Single(Items(await scene.Host.GetAsync("/v1/connected_accounts", mine)));
        Assert.Empty(Items(await scene.Host.GetAsync("/v1/connected_accounts", others)));
        (await scene.Host.GetAsync("/v1/connected_accounts/" + id, mine)).Is(200);
        (await scene.Host.GetAsync("/v1/connected_accounts/" + id, others)).Is(404);
        (await scene.Host.PostAsync($"/v1/connected_accounts/{id}:revoke", new { }, others)).Is(404);
        var link = new { user_id = "user-1", connection = "acme" };
        (await scene.Host.PostAsync("/v1/connected_accounts:link", link, others)).Is(403, "permission_denied");
        (await scene.Host.GetAsync("/v1/tools?user_id=user-1", others)).Is(403, "permission_denied");
    }

    [Fact]
    public async Task A_key_for_some_tools_lists_those_and_calls_those()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var key = await KeyAsync(scene, new { tools = new[] { "acme_get_item" } });
        (await ExecuteAsync(scene, key)).Is(200);
        (await ExecuteAsync(scene, key, "acme_delete_item")).Is(403, "permission_denied");
        Assert.Equal(["acme_get_item"], Names(await scene.Host.GetAsync("/v1/tools", key)));
        Assert.Equal(["acme_get_item"], Names(await scene.Host.GetAsync("/v1/tools:search?q=item", key)));
        (await scene.Host.GetAsync("/v1/tools/acme_delete_item", key)).Is(404, "tool_unknown");
        (await scene.Host.PostAsync("/v1/proxy/acme/x", new { user_id = "user-1" }, key)).Is(403, "permission_denied");
    }

    [Fact]
    public async Task A_key_for_some_connections_reaches_no_account_of_another()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var mine = await KeyAsync(scene, new { connections = new[] { "acme" } });
        var others = await KeyAsync(scene, new { connections = new[] { "keyed" } });
        (await ExecuteAsync(scene, mine)).Is(200);
        var refused = (await ExecuteAsync(scene, others)).Is(424, "account_not_connected");
        // No link into a connection that the key does not reach.
        Assert.Null(refused.Json["reconnect_url"]);
        Assert.Single(Items(await scene.Host.GetAsync("/v1/connections", mine)));
        Assert.Empty(Items(await scene.Host.GetAsync("/v1/connections", others)));
        (await scene.Host.GetAsync("/v1/connections/acme", others)).Is(404, "connection_unknown");
        Assert.Empty(Items(await scene.Host.GetAsync("/v1/tools", others)));
        Assert.NotEmpty(Items(await scene.Host.GetAsync("/v1/tools", mine)));
    }

    [Theory]
    [InlineData("users")]
    [InlineData("connections")]
    [InlineData("tools")]
    [InlineData("addresses")]
    public async Task An_empty_list_allows_nothing(string list)
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var key = await KeyAsync(scene, new Dictionary<string, string[]> { [list] = [] });
        Assert.NotEqual(200, (int)(await ExecuteAsync(scene, key)).Status);
        var tools = await scene.Host.GetAsync("/v1/tools", key);
        if (list is "tools" or "connections")
            Assert.Empty(Items(tools));
    }

    [Fact]
    public async Task A_key_is_used_only_from_its_addresses()
    {
        await using var scene = await Scene.SetAsync();
        var here = await KeyAsync(scene, new { addresses = new[] { "127.0.0.0/8" } });
        var elsewhere = await KeyAsync(scene, new { addresses = new[] { "192.0.2.7", "2001:db8::/32" } });
        (await scene.Host.GetAsync("/v1/tools", here)).Is(200);
        (await scene.Host.GetAsync("/v1/tools", elsewhere)).Is(403, "permission_denied");
    }

    [Fact]
    public async Task A_limited_key_has_the_routes_that_keep_its_limits_and_no_other_of_the_organization()
    {
        await using var scene = await Scene.SetAsync();
        var key = await KeyAsync(scene, new { users = new[] { "user-1" } });
        foreach (var path in new[] { "/v1/ledger", "/v1/approvals", "/v1/scopes:usage" })
            (await scene.Host.GetAsync(path, key)).Is(403, "permission_denied");
        (await scene.Host.SendAsync(HttpMethod.Patch, "/v1/connections/acme", new { app_name = "x" }, key)).Is(
            403,
            "permission_denied"
        );
        Assert.Contains(scene.Host.Operations, o => o.KeepsConstraints);
    }

    [Fact]
    public async Task A_limited_key_makes_only_keys_within_its_limits()
    {
        await using var scene = await Scene.SetAsync();
        var parent = await KeyAsync(scene, new { users = new[] { "a", "b" }, addresses = new[] { "127.0.0.0/8" } });
        var inherits = (await scene.Host.PostAsync("/v1/api_keys", Body(new { }), parent)).Is(201);
        Assert.Equal(2, inherits.Json["constraints"]!["users"]!.AsArray().Count);
        var narrower = new { users = new[] { "a" }, addresses = new[] { "127.0.0.1" } };
        (await scene.Host.PostAsync("/v1/api_keys", Body(narrower), parent)).Is(201);
        var wider = await scene.Host.PostAsync("/v1/api_keys", Body(new { users = new[] { "c" } }), parent);
        Assert.StartsWith("users:", wider.Is(403, "permission_denied")["detail"], StringComparison.Ordinal);
        foreach (var addresses in new[] { "0.0.0.0/0", "10.0.0.1" })
            (await scene.Host.PostAsync("/v1/api_keys", Body(new { addresses = new[] { addresses } }), parent)).Is(
                403,
                "permission_denied"
            );
        (await scene.Host.PostAsync("/v1/api_keys", Body(new { addresses = new[] { "here" } }), parent)).Is(400);
    }

    [Fact]
    public async Task The_record_and_the_output_of_an_execution_are_within_the_limits_too()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var mine = await KeyAsync(scene, new { users = new[] { "user-1" } });
        var others = await KeyAsync(scene, new { users = new[] { "user-2" } });
        var id = (await ExecuteAsync(scene, mine)).Is(200)["execution_id"];
        (await scene.Host.GetAsync("/v1/executions/" + id, mine)).Is(200);
        (await scene.Host.GetAsync("/v1/executions/" + id, others)).Is(404);
        (await scene.Host.GetAsync($"/v1/executions/{id}/output", others)).Is(404);
    }

    private static async Task<string> KeyAsync(Scene scene, object limits) =>
        (await scene.Host.PostAsync("/v1/api_keys", Body(limits, scene.Organization))).Is(201)["key"];

    private static Dictionary<string, object?> Body(object limits, string? organization = null)
    {
        var body = new Dictionary<string, object?>
        {
            ["organization_id"] = organization,
            ["name"] = "n",
            ["permissions"] = new[] { Permission.Admin },
        };
        if (limits is Dictionary<string, string[]> lists)
            foreach (var (name, list) in lists)
                body[name] = list;
        else
            foreach (var property in limits.GetType().GetProperties())
                body[property.Name] = property.GetValue(limits);
        return body;
    }

    private static Task<Reply> ExecuteAsync(Scene scene, string key, string tool = "acme_get_item") =>
        scene.Host.PostAsync(
            "/v1/execute_tool",
            new
            {
                tool_name = tool,
                organization_id = scene.Organization,
                user_id = "user-1",
                tool_input = new { id = "1" },
            },
            key
        );

    private static System.Text.Json.Nodes.JsonArray Items(Reply reply) => reply.Is(200).Json["items"]!.AsArray();

    private static IEnumerable<string> Names(Reply reply) => Items(reply).Select(t => t!["name"]!.GetValue<string>());
}
