using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Gateway.Tests.Connect;
using Vault.Gateway.Tests.Host;
using static Vault.Gateway.Tests.Http.IdempotencyTests;

namespace Vault.Gateway.Tests.Rest.Executions;

public sealed class ExecutionTests
{
    [Theory]
    [InlineData("links.insert")]
    [InlineData("connections.find")]
    public async Task A_reconnect_link_that_cannot_be_made_hides_no_error(string broken)
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var id = (await scene.AccountAsync())["id"]!.GetValue<string>();
        (
            await scene.Host.PostAsync(
                $"/v1/connected_accounts/{id}:revoke",
                new { organization_id = scene.Organization }
            )
        ).Is(200);
        scene.Host.Store.After = call =>
            call == broken ? throw new StoreUnavailableException("cut", true) : Task.CompletedTask;
        var dead = (await ExecuteAsync(scene)).Is(424, "auth_revoked");
        Assert.Equal("failed_before_send", dead["outcome"]);
        Assert.Null(dead.Json["reconnect_url"]);
    }

    [Fact]
    public async Task An_execution_answers_and_the_ledger_knows_it()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var done = (await ExecuteAsync(scene)).Is(200);
        Assert.Equal("succeeded", done["outcome"]);
        Assert.Equal("untrusted_content", done["trust"]);
        Assert.Equal("1", done.Json["data"]!["echoed"]!["id"]!.GetValue<string>());
        Assert.Equal("items:read", done.Json["scopes_used"]![0]!.GetValue<string>());
        var record = (
            await scene.Host.GetAsync($"/v1/executions/{done["execution_id"]}?organization_id={scene.Organization}")
        ).Is(200);
        Assert.Equal("succeeded", record["outcome"]);
        Assert.Equal("acme_get_item", record["tool"]);
        (
            await scene.Host.GetAsync(
                $"/v1/executions/exe_01hzzzzzzzzzzzzzzzzzzzzzzz?organization_id={scene.Organization}"
            )
        ).Is(404, "not_found");
        var other = await scene.Host.OrganizationAsync();
        (await scene.Host.GetAsync($"/v1/executions/{done["execution_id"]}?organization_id={other}")).Is(
            404,
            "not_found"
        );
    }

    [Fact]
    public async Task A_dead_account_says_why_and_where_to_heal_it()
    {
        await using var scene = await Scene.SetAsync();
        var nobody = (await ExecuteAsync(scene)).Is(424, "account_not_connected");
        Assert.StartsWith(scene.Host.Url + "/connect/", nobody["reconnect_url"], StringComparison.Ordinal);
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(nobody["reconnect_url"]);
        (await visitor.ReturnAsync()).Is(200);
        (await ExecuteAsync(scene)).Is(200);

        var id = (await scene.AccountAsync())["id"]!.GetValue<string>();
        var receipt = (
            await scene.Host.PostAsync(
                $"/v1/connected_accounts/{id}:revoke",
                new { organization_id = scene.Organization }
            )
        ).Is(200);
        Assert.Equal("confirmed", receipt["provider"]);
        Assert.True(receipt.Json["elapsed_ms"]!.GetValue<double>() >= 0);
        var dead = (await ExecuteAsync(scene)).Is(424, "auth_revoked");
        Assert.Equal("revoked_by_request", dead["status_reason"]);
        Assert.False(dead.Json["can_retry"]!.GetValue<bool>());
        Assert.Equal("failed_before_send", dead["outcome"]);
        await visitor.OpenAsync(dead["reconnect_url"]);
        (await visitor.ReturnAsync("code-2")).Is(200);
        (await ExecuteAsync(scene)).Is(200);
        Assert.Equal(id, (await scene.AccountAsync())["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_storm_of_errors_makes_one_link()
    {
        await using var scene = await Scene.SetAsync();
        await ExecuteAsync(scene);
        var urls = new HashSet<string>();
        for (var i = 0; i < 20; i++)
            urls.Add((await ExecuteAsync(scene)).Is(424)["reconnect_url"]);
        Assert.Single(urls);
        scene.Host.Time.Advance(TimeSpan.FromSeconds(31));
        urls.Add((await ExecuteAsync(scene)).Is(424)["reconnect_url"]);
        Assert.Equal(2, urls.Count);
    }

    [Fact]
    public async Task What_an_agent_needs_to_act_is_in_the_problem()
    {
        await using var scene = await Scene.SetAsync();
        scene.Host.Provider.Scopes = ["openid"];
        await ConnectAsync(scene);
        var narrow = (await ExecuteAsync(scene)).Is(403, "scope_missing");
        Assert.Equal("items:read", narrow.Json["missing_scopes"]![0]!.GetValue<string>());
        Assert.StartsWith("exe_", narrow["execution_id"], StringComparison.Ordinal);
        var wrong = (await ExecuteAsync(scene, input: new { other = 1 })).Is(422, "tool_input_invalid");
        Assert.Equal("/id", wrong.Json["violations"]![0]!["path"]!.GetValue<string>());
        (await ExecuteAsync(scene, tool: "no_such_tool")).Is(404, "tool_unknown");

        await scene.Host.PostAsync(
            "/v1/connections",
            new
            {
                organization_id = scene.Organization,
                provider = "acme",
                name = "second",
                client_id = "x",
            }
        );
        (
            await scene.Host.PostAsync(
                "/v1/connected_accounts",
                new
                {
                    organization_id = scene.Organization,
                    user_id = "user-1",
                    connection = "second",
                    credential = new { type = "oauth_tokens", access_token = "a" },
                }
            )
        ).Is(201);
        scene.Host.Time.Advance(TimeSpan.FromSeconds(2));
        var ambiguous = (await ExecuteAsync(scene)).Is(409, "account_ambiguous");
        Assert.Equal(2, ambiguous.Json["candidates"]!.AsArray().Count);
        Assert.StartsWith(
            "ca_",
            ambiguous.Json["candidates"]![0]!["connected_account_id"]!.GetValue<string>(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_destructive_tool_waits_for_a_person_and_an_approval_fits_once()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var asked = (await ExecuteAsync(scene, tool: "acme_delete_item")).Is(403, "approval_required");
        var approval = asked["status_reason"];
        Assert.Equal(0, scene.Host.Upstream.Calls);
        var approver = await scene.OtherKeyAsync();
        (
            await scene.Host.PostAsync(
                $"/v1/approvals/{approval}:approve",
                new { organization_id = scene.Organization },
                approver
            )
        ).Is(400);
        (
            await scene.Host.PostAsync(
                $"/v1/approvals/{approval}:approve",
                new { organization_id = scene.Organization, decided_by = "boss" },
                approver
            )
        ).Is(200);
        (
            await scene.Host.PostAsync(
                $"/v1/approvals/{approval}:deny",
                new { organization_id = scene.Organization, decided_by = "boss" }
            )
        ).Is(409, "conflict");
        object Body(string id) =>
            new
            {
                tool_name = "acme_delete_item",
                organization_id = scene.Organization,
                user_id = "user-1",
                tool_input = new { id },
                approval_id = approval,
            };
        (await scene.Host.PostAsync("/v1/execute_tool", Body("2"))).Is(403, "approval_required");
        (await scene.Host.PostAsync("/v1/execute_tool", Body("1"))).Is(200);
        (await scene.Host.PostAsync("/v1/execute_tool", Body("1"))).Is(403, "approval_required");
        Assert.Equal(
            "used",
            (await scene.Host.GetAsync($"/v1/approvals/{approval}?organization_id={scene.Organization}")).Is(200)[
                "status"
            ]
        );
    }

    [Fact]
    public async Task A_cut_output_is_read_through_its_handle_in_whole_characters()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var whole = "{\"text\":\"" + string.Concat(Enumerable.Repeat("äß€😀x", 500)) + "\"}";
        scene.Host.Upstream.Answer = _ =>
            Task.FromResult(
                new UpstreamReply(UpstreamOutcome.Succeeded, 200)
                {
                    Data = JsonSerializer.SerializeToElement("cut"),
                    Truncated = true,
                    Complete = System.Text.Encoding.UTF8.GetBytes(whole),
                    ContentType = "application/json",
                }
            );
        var done = (await ExecuteAsync(scene)).Is(200);
        Assert.True(done.Json["truncated"]!.GetValue<bool>());
        var read = "";
        long? offset = 0;
        while (offset is { } at)
        {
            var piece = (
                await scene.Host.GetAsync(
                    $"/v1/executions/{done["output_handle"]}/output?organization_id={scene.Organization}&limit=1025&offset={at}"
                )
            ).Is(200);
            read += piece["text"];
            offset = piece.Json["next_offset"]?.GetValue<long>();
        }

        Assert.Equal(whole, read);
        (
            await scene.Host.GetAsync(
                $"/v1/executions/{done["output_handle"]}/output?organization_id={await scene.Host.OrganizationAsync()}"
            )
        ).Is(404, "not_found");
    }

    [Fact]
    public async Task Tools_come_in_the_form_a_model_takes_with_what_is_missing()
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        var tools = (
            await host.GetAsync(
                $"/v1/tools?format=openai&organization_id={scene.Organization}&user_id=user-1&provider=acme"
            )
        ).Is(200);
        Assert.Equal("function", tools.Json["items"]![0]!["type"]!.GetValue<string>());
        Assert.Equal("missing", tools.Json["requirements"]!["acme_get_item"]!["account"]!.GetValue<string>());
        await ConnectAsync(scene);
        tools = (
            await host.GetAsync(
                $"/v1/tools?format=gemini&organization_id={scene.Organization}&user_id=user-1&provider=acme"
            )
        ).Is(200);
        Assert.True(tools.Json["requirements"]!["acme_get_item"]!["ready"]!.GetValue<bool>());
        Assert.Equal("required", tools.Json["requirements"]!["acme_delete_item"]!["approval"]!.GetValue<string>());
        var schema = tools.Json["items"]![0]!["parameters"]!;
        Assert.Null(schema["additionalProperties"]);
        Assert.Equal("string", schema["properties"]!["id"]!["type"]!.GetValue<string>());
        Assert.True(schema["properties"]!["id"]!["nullable"]!.GetValue<bool>());
        Assert.NotNull(
            (await host.GetAsync("/v1/tools/acme_get_item?format=anthropic")).Is(200).Json["tool"]!["input_schema"]
        );
        Assert.True(
            (await host.GetAsync("/v1/tools:search?q=delete&format=mcp")).Is(200).Json["items"]![0]!["annotations"]![
                "destructiveHint"
            ]!.GetValue<bool>()
        );
        (await host.GetAsync("/v1/tools?format=other")).Is(400);
        (await host.GetAsync("/v1/tools?user_id=user-1")).Is(400, "invalid_request");
        (await host.GetAsync("/v1/tools/none")).Is(404, "tool_unknown");
        var first = (await host.GetAsync("/v1/tools?page_size=2")).Is(200);
        Assert.Single(
            (await host.GetAsync("/v1/tools?page_size=2&page_token=" + first["next_page_token"])).Is(200).Json[
                "items"
            ]!.AsArray()
        );
    }

    [Fact]
    public async Task The_ledger_is_queried_verified_and_exported()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        await ExecuteAsync(scene);
        var host = scene.Host;
        var entries = (
            await host.GetAsync($"/v1/ledger?organization_id={scene.Organization}&tool=acme_get_item&order=oldest")
        ).Is(200);
        Assert.NotEmpty(entries.Json["items"]!.AsArray());
        Assert.All(entries.Json["items"]!.AsArray(), e =>
            Assert.Equal("acme_get_item", e!["entry"]!["tool"]!.GetValue<string>())
        );
        var verified = (await host.PostAsync("/v1/ledger:verify", new { organization_id = scene.Organization })).Is(
            200
        );
        Assert.True(verified.Json["intact"]!.GetValue<bool>());
        var head = verified.Json["head"]!;
        (await host.PostAsync("/v1/ledger:verify", new { organization_id = scene.Organization, kept_seq = 1 })).Is(400);
        var lied = (
            await host.PostAsync(
                "/v1/ledger:verify",
                new
                {
                    organization_id = scene.Organization,
                    kept_seq = head["seq"]!.GetValue<long>(),
                    kept_hash = new string('a', 64),
                }
            )
        ).Is(200);
        Assert.False(lied.Json["intact"]!.GetValue<bool>());
        foreach (var format in new[] { "ocsf", "chain" })
        {
            var export = (
                await host.GetAsync($"/v1/ledger:export?organization_id={scene.Organization}&format={format}")
            ).Is(200);
            Assert.Equal("application/x-ndjson", export.Header("Content-Type"));
            Assert.All(export.Text.TrimEnd('\n').Split('\n'), line =>
                Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(line).RootElement.ValueKind)
            );
        }

        (
            await host.GetAsync(
                $"/v1/ledger?organization_id={scene.Organization}&from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
            )
        ).Is(400);
    }

    [Fact]
    public async Task A_pack_is_checked_with_every_place_and_kept()
    {
        await using var host = await GatewayHost.StartAsync();
        var wrong = (await host.PostAsync("/v1/providers:validate", "{}")).Is(422, "pack_invalid");
        Assert.Equal("/id", wrong.Json["violations"]![0]!["path"]!.GetValue<string>());
        (await host.PostAsync("/v1/providers:validate", "{\"id\":\"acme\"}")).Is(200);
        (await host.PostAsync("/v1/providers", "{\"id\":\"acme\"}")).Is(201);
        (await host.PostAsync("/v1/providers", "{\"id\":\"acme\"}")).Is(201);
        Assert.Equal(2, Assert.Single(await host.Store.Packs.ListAsync(default)).Version);
        Assert.Equal(
            "api_key",
            (await host.GetAsync("/v1/providers/keyed")).Is(200).Json["credential_types"]![0]!.GetValue<string>()
        );
        (await host.GetAsync("/v1/providers/none")).Is(404, "provider_unknown");
    }

    [Fact]
    public async Task A_trace_context_is_passed_on_and_a_broken_one_is_not()
    {
        await using var scene = await Scene.SetAsync();
        await ConnectAsync(scene);
        var seen = new List<string?>();
        scene.Host.Upstream.Answer = call =>
        {
            seen.Add(call.TraceParent);
            return Task.FromResult(new UpstreamReply(UpstreamOutcome.Succeeded, 200));
        };
        var body = new
        {
            tool_name = "acme_get_item",
            organization_id = scene.Organization,
            user_id = "user-1",
            tool_input = new { id = "1" },
        };
        await scene.Host.PostAsync(
            "/v1/execute_tool",
            body,
            "",
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        );
        await scene.Host.PostAsync(
            "/v1/execute_tool",
            body,
            "",
            ("traceparent", "00-" + new string('0', 32) + "-b7ad6b7169203331-01")
        );
        Assert.Contains("0af7651916cd43dd8448eb211c80319c", seen[0], StringComparison.Ordinal);
        Assert.DoesNotContain(new string('0', 32), seen[1] ?? "", StringComparison.Ordinal);
    }
}
