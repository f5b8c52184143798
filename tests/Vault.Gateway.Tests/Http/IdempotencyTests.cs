using Vault.Core.Callers;
using Vault.Core.Execution;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

public sealed class IdempotencyTests
{
    private static (string, string)[] Key(string key) => [("Idempotency-Key", key)];

    [Fact]
    public async Task The_same_request_again_gets_the_kept_answer_and_acts_once()
    {
        await using var host = await GatewayHost.StartAsync();
        var first = (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key("k1"))).Is(201);
        var again = (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key("k1"))).Is(201);
        Assert.Equal(first["id"], again["id"]);
        Assert.Equal("true", again.Header("Idempotency-Replayed"));
        Assert.Null(first.Header("Idempotency-Replayed"));
        Assert.NotEqual(first["request_id"], again["request_id"]);
        Assert.Equal(again.Header("X-Request-Id"), again["request_id"]);
        (await host.PostAsync("/v1/organizations", new { display_name = "b" }, "", Key("k1"))).Is(
            409,
            "idempotency_conflict"
        );
        Assert.Single((await host.GetAsync("/v1/organizations")).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task An_answer_that_cannot_be_kept_is_told_all_the_same_and_the_repetition_does_not_act()
    {
        await using var scene = await Connect.Scene.SetAsync();
        await ConnectAsync(scene);
        scene.Host.Store.Before = call =>
            call == "idempotency.complete"
                ? throw new Vault.Core.Errors.StoreUnavailableException("down", false)
                : Task.CompletedTask;
        (await ExecuteAsync(scene, "k1")).Is(200);
        scene.Host.Store.Before = null;
        (await ExecuteAsync(scene, "k1")).Is(409, "conflict");
        Assert.Equal(1, scene.Host.Upstream.Calls);
    }

    [Fact]
    public async Task Two_callers_never_share_a_key()
    {
        await using var host = await GatewayHost.StartAsync();
        var other = await host.KeyAsync(null, Permission.OrganizationsWrite);
        var first = (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key("k1"))).Is(201);
        var second = (await host.PostAsync("/v1/organizations", new { display_name = "a" }, other, Key("k1"))).Is(201);
        Assert.NotEqual(first["id"], second["id"]);
    }

    [Fact]
    public async Task While_the_first_is_under_way_the_second_is_told_to_wait()
    {
        await using var scene = await Connect.Scene.SetAsync();
        var host = scene.Host;
        await ConnectAsync(scene);
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        host.Upstream.Answer = async _ =>
        {
            entered.TrySetResult();
            await release.Task;
            return new UpstreamReply(UpstreamOutcome.Succeeded, 200)
            {
                Data = System.Text.Json.JsonSerializer.SerializeToElement(1),
            };
        };
        var first = ExecuteAsync(scene, "k1");
        await Task.WhenAny(entered.Task, first);
        var second = (await ExecuteAsync(scene, "k1")).Is(409, "conflict");
        Assert.Equal("1", second.Header("Retry-After"));
        release.SetResult();
        var done = (await first).Is(200);
        var third = (await ExecuteAsync(scene, "k1")).Is(200);
        Assert.Equal(done["execution_id"], third["execution_id"]);
        Assert.Equal(1, host.Upstream.Calls);
    }

    [Fact]
    public async Task A_failure_before_anything_happened_gives_the_key_back()
    {
        await using var scene = await Connect.Scene.SetAsync();
        (await ExecuteAsync(scene, "k1")).Is(424, "account_not_connected");
        await ConnectAsync(scene);
        (await ExecuteAsync(scene, "k1")).Is(200);
    }

    [Fact]
    public async Task An_outcome_nobody_knows_is_kept_and_not_tried_again()
    {
        await using var scene = await Connect.Scene.SetAsync();
        await ConnectAsync(scene);
        scene.Host.Upstream.Answer = _ =>
            Task.FromResult(new UpstreamReply(UpstreamOutcome.Rejected, 422) { Detail = "nope" });
        var first = (await ExecuteAsync(scene, "k1")).Is(422, "upstream_rejected");
        Assert.Equal("failed_upstream", first["outcome"]);
        scene.Host.Upstream.Answer = null;
        var again = (await ExecuteAsync(scene, "k1")).Is(422, "upstream_rejected");
        Assert.Equal(first["execution_id"], again["execution_id"]);
        Assert.Equal("true", again.Header("Idempotency-Replayed"));
        Assert.Equal(1, scene.Host.Upstream.Calls);
    }

    [Fact]
    public async Task A_request_that_was_cut_off_is_not_run_again()
    {
        await using var host = await GatewayHost.StartAsync();
        // The host loses its store after the organization was written: nobody knows what the first request did.
        host.Store.After = call =>
            call == "organizations.insert" ? throw new InvalidOperationException("crash") : Task.CompletedTask;
        (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key("k1"))).Is(500);
        host.Store.After = null;
        (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key("k1"))).Is(409, "conflict");
        host.Time.Advance(TimeSpan.FromMinutes(10));
        (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key("k1"))).Is(
            502,
            "outcome_unknown"
        );
        Assert.Single((await host.GetAsync("/v1/organizations")).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task A_key_that_cannot_be_given_back_does_not_hide_why_nothing_was_done()
    {
        await using var scene = await Connect.Scene.SetAsync();
        scene.Host.Store.Before = call =>
            call == "idempotency.release"
                ? throw new Vault.Core.Errors.StoreUnavailableException("down", false)
                : Task.CompletedTask;
        (await ExecuteAsync(scene, "k1")).Is(424, "account_not_connected");
    }

    /// <summary>
    /// A second caller of the same organization, another organization and the platform: a key that somebody used tells
    /// none of them anything.
    /// </summary>
    [Fact]
    public async Task A_key_belongs_to_its_caller_and_organization_and_ends()
    {
        await using var host = await GatewayHost.StartAsync();
        var (mine, other) = (await host.OrganizationAsync(), await host.OrganizationAsync());
        var (one, two) = (
            await host.KeyAsync(mine, Permission.ConnectionsWrite),
            await host.KeyAsync(mine, Permission.ConnectionsWrite)
        );
        object Body(string? organization, string name) =>
            new
            {
                organization_id = organization,
                provider = "acme",
                name,
                client_id = "c",
            };
        var first = (await host.PostAsync("/v1/connections", Body(null, "a"), one, Key("k1"))).Is(201);
        Assert.Null(
            (await host.PostAsync("/v1/connections", Body(null, "b"), two, Key("k1")))
                .Is(201)
                .Header("Idempotency-Replayed")
        );
        Assert.Null(
            (await host.PostAsync("/v1/connections", Body(other, "a"), "", Key("k1")))
                .Is(201)
                .Header("Idempotency-Replayed")
        );
        Assert.Null(
            (await host.PostAsync("/v1/connections", Body(mine, "c"), "", Key("k1")))
                .Is(201)
                .Header("Idempotency-Replayed")
        );
        Assert.Equal(
            first["id"],
            (await host.PostAsync("/v1/connections", Body(null, "a"), one, Key("k1"))).Is(201)["id"]
        );
        (await host.SendAsync(HttpMethod.Patch, "/v1/connections/a", Body(null, "a"), one, Key("k1"))).Is(400);
        (await host.SendAsync(HttpMethod.Patch, "/v1/connections/a", new { app_name = "x" }, one, Key("k1"))).Is(
            409,
            "idempotency_conflict"
        );
        host.Time.Advance(TimeSpan.FromHours(25));
        (await host.PostAsync("/v1/connections", Body(null, "a"), one, Key("k1"))).Is(409, "conflict");
    }

    [Fact]
    public async Task A_key_that_is_shown_once_is_not_shown_twice()
    {
        await using var host = await GatewayHost.StartAsync();
        var body = new { name = "n", permissions = new[] { "tools:read" } };
        (await host.PostAsync("/v1/api_keys", body, "", Key("k1"))).Is(201);
        var again = (await host.PostAsync("/v1/api_keys", body, "", Key("k1"))).Is(409, "conflict");
        Assert.DoesNotContain("vk_live_", again.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("delete\u007f")]
    public async Task A_key_that_is_no_key_is_refused(string key)
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key(key))).Is(
            400,
            "invalid_request"
        );
        (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key(new string('k', 256)))).Is(
            400,
            "invalid_request"
        );
        (await host.PostAsync("/v1/organizations", new { display_name = "a" }, "", Key(new string('k', 255)))).Is(201);
    }

    internal static async Task ConnectAsync(Connect.Scene scene)
    {
        var visitor = new Connect.Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync()).Is(200);
    }

    internal static Task<Reply> ExecuteAsync(
        Connect.Scene scene,
        string? key = null,
        string tool = "acme_get_item",
        object? input = null
    ) =>
        scene.Host.PostAsync(
            "/v1/execute_tool",
            new
            {
                tool_name = tool,
                organization_id = scene.Organization,
                user_id = "user-1",
                tool_input = input ?? new { id = "1" },
            },
            "",
            key is null ? [] : Key(key)
        );
}
