using System.Text;
using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Gateway.Tests.Connect;
using Vault.Gateway.Tests.Host;
using static Vault.Gateway.Tests.Http.IdempotencyTests;

namespace Vault.Gateway.Tests.Rest.Approvals;

/// <summary>Nobody approves their own request, and an approver knows what is approved.</summary>
public sealed class FourEyesTests
{
    [Fact]
    public async Task Neither_the_requesting_key_nor_its_lineage_approves()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var maker = await KeyAsync(scene, Permission.Admin);
        var agent = await KeyAsync(scene, Permission.Admin, by: maker["key"]);
        var approval = await AskAsync(scene, agent["key"]);
        var child = await KeyAsync(scene, Permission.ApprovalsWrite, by: agent["key"]);
        var rotated = (
            await scene.Host.PostAsync($"/v1/api_keys/{agent["id"]}:rotate", new { overlap_seconds = 60 }, agent["key"])
        ).Is(201);
        foreach (var key in new[] { agent, maker, child, rotated })
            (await DecideAsync(scene, approval, "approve", key["key"])).Is(403, "permission_denied");
        (await DecideAsync(scene, approval, "approve", scene.Host.Admin)).Is(403, "permission_denied");
        Assert.Equal(0, scene.Host.Upstream.Calls);

        var other = await KeyAsync(scene, Permission.ApprovalsWrite);
        (await DecideAsync(scene, approval, "approve", other["key"])).Is(200);
        (await ExecuteAsync(scene, agent["key"], approval)).Is(200);
    }

    [Fact]
    public async Task Whoever_asked_may_take_it_back()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var agent = await KeyAsync(scene, Permission.Admin);
        var approval = await AskAsync(scene, agent["key"]);
        (await DecideAsync(scene, approval, "deny", agent["key"])).Is(200);
    }

    [Fact]
    public async Task The_approver_sees_the_arguments_and_the_database_does_not()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var agent = await KeyAsync(scene, Permission.Admin);
        var approval = await AskAsync(scene, agent["key"], "item-of-ada");
        var approver = await KeyAsync(scene, Permission.ApprovalsWrite);
        var seen = (await scene.Host.GetAsync("/v1/approvals/" + approval, approver["key"])).Is(200);
        Assert.Equal("item-of-ada", seen.Json["arguments"]!["id"]!.GetValue<string>());
        var own = (await scene.Host.GetAsync("/v1/approvals/" + approval, agent["key"])).Is(200);
        Assert.Null(own.Json["arguments"]);
        var list = (await scene.Host.GetAsync("/v1/approvals", approver["key"])).Is(200);
        Assert.DoesNotContain("item-of-ada", list.Text, StringComparison.Ordinal);
        var row = await scene.Host.Store.Approvals.FindAsync(new(scene.Organization), approval, default);
        Assert.NotNull(row!.Arguments);
        Assert.True(row.Arguments.Bytes.Span.IndexOf("item-of-ada"u8) < 0);
    }

    [Fact]
    public async Task The_execution_names_its_approval_and_who_gave_it()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var agent = await KeyAsync(scene, Permission.Admin);
        var approver = await KeyAsync(scene, Permission.ApprovalsWrite);
        var approval = await AskAsync(scene, agent["key"]);
        (await DecideAsync(scene, approval, "approve", approver["key"])).Is(200);
        (await ExecuteAsync(scene, agent["key"], approval)).Is(200);
        await scene.Host.Get<LedgerWriter>().DrainOutboxAsync(default);
        var entries = (
            await scene.Host.Store.Ledger.ReadAsync(new OrganizationId(scene.Organization), 1, 100, default)
        ).Where(e => e.Index.Type is LedgerEvents.ExecutionStarted or LedgerEvents.ExecutionFinished);
        var texts = entries.Select(e => Encoding.UTF8.GetString(e.Body!.Value.Span)).ToList();
        Assert.Equal(2, texts.Count);
        foreach (var named in new[] { approval, approver["id"], "\"boss\"", "destructive" })
            Assert.All(texts, t => Assert.Contains(named, t, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_organizations_administrator_does_not_loosen_what_bounds_it()
    {
        await using var scene = await Scene.SetAsync();
        var admin = await KeyAsync(scene, Permission.Admin);
        var path = "/v1/organizations/" + scene.Organization;
        foreach (var body in new object[] { new { destructive_policy = "allow" }, new { user_quota_per_minute = 0 } })
            (await scene.Host.SendAsync(HttpMethod.Patch, path, body, admin["key"])).Is(403, "permission_denied");
        foreach (var body in new object[] { new { proxy_effect = "write" }, new { quota_per_minute = 0 } })
            (await scene.Host.SendAsync(HttpMethod.Patch, "/v1/connections/acme", body, admin["key"])).Is(
                403,
                "permission_denied"
            );
        (await scene.Host.SendAsync(HttpMethod.Patch, path, new { display_name = "Mine" }, admin["key"])).Is(200);
        // Nor does it give itself the permission.
        var more = new { name = "n", permissions = new[] { Permission.PolicyWrite } };
        (await scene.Host.PostAsync("/v1/api_keys", more, admin["key"])).Is(403, "permission_denied");

        var bounds = await KeyAsync(scene, Permission.PolicyWrite, Permission.OrganizationsWrite);
        (await scene.Host.SendAsync(HttpMethod.Patch, path, new { destructive_policy = "deny" }, bounds["key"])).Is(
            200
        );
        (await scene.Host.SendAsync(HttpMethod.Patch, path, new { destructive_policy = "allow" })).Is(200);
    }

    [Theory]
    [InlineData("GET", """{}""", false)]
    [InlineData("HEAD", """{}""", false)]
    [InlineData("POST", """{}""", true)]
    [InlineData("PUT", """{}""", true)]
    [InlineData("PATCH", """{}""", true)]
    [InlineData("DELETE", """{}""", true)]
    [InlineData("GET", """{"query":{"_method":"DELETE"}}""", true)]
    [InlineData("GET", """{"query":{"X-HTTP-Method-Override":"DELETE"}}""", true)]
    public async Task A_raw_call_that_may_change_something_waits_for_an_approval(string method, string more, bool waits)
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        await RawAsync(scene, new { allow_proxy = true });
        Assert.Equal(waits, await WaitsAsync(scene, method, more));
    }

    [Theory]
    [InlineData("POST", """{"body":{"name":"x"}}""", false)]
    [InlineData("DELETE", """{}""", true)]
    [InlineData("POST", """{"query":{"_method":"DELETE"}}""", true)]
    [InlineData("POST", """{"query":{"_METHOD[]":"DELETE"}}""", true)]
    [InlineData("POST", """{"body":{"_method":"DELETE"}}""", true)]
    [InlineData("POST", """{"body":{"\u005fmethod":"DELETE"}}""", true)]
    [InlineData("POST", """{"body":"a=b&%5Fmethod=DELETE","content_type":"application/x-www-form-urlencoded"}""", true)]
    [InlineData("POST", """{"body_base64":"X21ldGhvZD1ERUxFVEU=","content_type":"text/plain"}""", true)]
    public async Task Where_raw_calls_are_writes_a_method_in_disguise_still_waits(
        string method,
        string more,
        bool waits
    )
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        await RawAsync(scene, new { allow_proxy = true, proxy_effect = "write" });
        Assert.Equal(waits, await WaitsAsync(scene, method, more));
    }

    private static async Task RawAsync(Scene scene, object settings)
    {
        var path = "/v1/connections/acme?organization_id=" + scene.Organization;
        var body = System.Text.Json.JsonSerializer.SerializeToNode(settings)!.AsObject();
        body["organization_id"] = scene.Organization;
        (await scene.Host.SendAsync(HttpMethod.Patch, path.Split('?')[0], body.ToJsonString())).Is(200);
        // The runner's copy of the connection is trusted for the lease.
        scene.Host.Time.Advance(TimeSpan.FromSeconds(1));
    }

    private static async Task<bool> WaitsAsync(Scene scene, string method, string more)
    {
        var body = System.Text.Json.Nodes.JsonNode.Parse(more)!.AsObject();
        body["organization_id"] = scene.Organization;
        body["user_id"] = "user-1";
        body["method"] = method;
        var reply = await scene.Host.PostAsync("/v1/proxy/acme/items", body.ToJsonString());
        Assert.True((int)reply.Status is 200 or 403, reply.Text);
        if ((int)reply.Status == 403)
            reply.Is(403, "approval_required");
        return (int)reply.Status == 403;
    }

    private static Task<Reply> KeyAsync(Scene scene, string permission, string? second = null, string by = "") =>
        MadeAsync(scene, second is null ? [permission] : [permission, second], by);

    private static async Task<Reply> MadeAsync(Scene scene, string[] permissions, string by) =>
        (
            await scene.Host.PostAsync(
                "/v1/api_keys",
                new
                {
                    organization_id = scene.Organization,
                    name = "n",
                    permissions,
                },
                by
            )
        ).Is(201);

    private static async Task<string> AskAsync(Scene scene, string key, string item = "1") =>
        (await ExecuteAsync(scene, key, null, item)).Is(403, "approval_required")["status_reason"];

    private static Task<Reply> ExecuteAsync(Scene scene, string key, string? approval, string item = "1") =>
        scene.Host.PostAsync(
            "/v1/execute_tool",
            new
            {
                tool_name = "acme_delete_item",
                organization_id = scene.Organization,
                user_id = "user-1",
                tool_input = new { id = item },
                approval_id = approval,
            },
            key
        );

    private static Task<Reply> DecideAsync(Scene scene, string approval, string word, string key) =>
        scene.Host.PostAsync(
            $"/v1/approvals/{approval}:{word}",
            new { organization_id = scene.Organization, decided_by = "boss" },
            key
        );
}
