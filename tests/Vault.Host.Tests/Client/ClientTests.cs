using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Vault.Client;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.Client;

/// <summary>The client against a real host and the strict provider, over a wire that loses answers.</summary>
public sealed class ClientTests : IAsyncLifetime
{
    private World _world = null!;
    private string _organization = "";
    private string _account = "";

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync();
        _organization = await _world.OrganizationAsync();
        await _world.ConnectionAsync(_organization, "sandbox_single_use");
        _account = await _world.ImportAsync(
            _organization,
            "ada",
            "sandbox_single_use",
            _world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" }),
            DateTimeOffset.UtcNow.AddHours(1)
        );
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    private VaultClientOptions Options(string? key = null, int retries = 3) =>
        new()
        {
            BaseAddress = new Uri(_world.Hosts[0].Url),
            ApiKey = key ?? _world.AdminKey,
            OrganizationId = _organization,
            Retries = retries,
        };

    [Fact]
    public async Task Five_lines_execute_a_tool()
    {
        using var vault = new VaultClient(Options());
        var done = await vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" });
        Assert.Equal(
            ("succeeded", 200, "untrusted_content", _account),
            (done.Outcome, done.Status, done.Trust, done.ConnectedAccountId)
        );
        Assert.Equal("alice", done.Data!.Value.GetProperty("id").GetString());
        var known = await vault.GetExecutionAsync(done.ExecutionId);
        Assert.Equal(("finished", "succeeded", "ada"), (known.State, known.Outcome, known.UserId));
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_is_asked_again_and_acts_once()
    {
        using var wire = new LossyWire(1);
        using var http = new HttpClient(wire);
        using var vault = new VaultClient(Options(), http);
        var done = await vault.ExecuteAsync(
            new ToolCall("sandbox_single_use_create_item") { UserId = "ada", Input = new { name = "once" } }
        );
        Assert.Equal(("succeeded", 2), (done.Outcome, wire.Sent));
        Assert.Equal(1, _world.Sandbox.Counters.ApiCalls);

        // With nobody to ask again, what became of it is honestly unknown.
        wire.Lose = 1;
        using var impatient = new VaultClient(Options(retries: 0), http);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() =>
            impatient.ExecuteAsync(
                new ToolCall("sandbox_single_use_create_item") { UserId = "ada", Input = new { name = "twice" } }
            )
        );
        Assert.Equal(2, _world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task A_write_whose_first_attempt_is_still_under_way_is_unknown_and_not_refused()
    {
        var hold = new SandboxFault
        {
            Kind = FaultKind.Hold,
            Target = FaultTarget.Api,
            Phase = FaultPhase.Before,
        };
        var slow = _world.Sandbox.Faults.Add(hold);
        using var vault = new VaultClient(Options(retries: 0));
        var call = new ToolCall("sandbox_single_use_create_item")
        {
            UserId = "ada",
            Input = new { name = "once" },
            IdempotencyKey = "order-7",
        };
        var first = vault.ExecuteAsync(call);
        await slow.Gate.ReachedAsync().WaitAsync(TimeSpan.FromSeconds(60));

        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() => vault.ExecuteAsync(call));
        Assert.Equal("conflict", unknown.Problem.Code);
        slow.Gate.Open();
        Assert.Equal("succeeded", (await first).Outcome);
        Assert.Equal(1, _world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task A_failure_that_was_told_is_retried_under_a_new_key()
    {
        // The vault itself tries three times; then it tells, and would tell the same for the same key.
        _world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Api,
                Times = 3,
            }
        );
        using var vault = new VaultClient(Options());
        Assert.Equal(
            "succeeded",
            (
                await vault.ExecuteAsync(
                    new ToolCall("sandbox_single_use_create_item") { UserId = "ada", Input = new { name = "x" } }
                )
            ).Outcome
        );
        Assert.Equal(4, _world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task Errors_are_types_that_say_what_to_do()
    {
        using var vault = new VaultClient(Options());
        var reconnect = await Assert.ThrowsAsync<ReconnectNeededException>(() =>
            vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "bob" })
        );
        Assert.StartsWith(_world.Hosts[0].Url, reconnect.Url, StringComparison.Ordinal);
        var invalid = await Assert.ThrowsAsync<InvalidCallException>(() =>
            vault.ExecuteAsync(
                new ToolCall("sandbox_single_use_create_item") { UserId = "ada", Input = new { nome = 1 } }
            )
        );
        Assert.Contains(invalid.Problem.Violations!, v => v.Path.Contains("name", StringComparison.Ordinal));
        var approval = await Assert.ThrowsAsync<ApprovalNeededException>(() =>
            vault.ExecuteAsync(
                new ToolCall("sandbox_single_use_delete_item") { UserId = "ada", Input = new { id = "item_1" } }
            )
        );
        Assert.StartsWith("apr_", approval.ApprovalId, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RefusedException>(() =>
            vault.ExecuteAsync(new ToolCall("no_such_tool") { UserId = "ada" })
        );
        using var stranger = new VaultClient(
            Options("vk_live_01m82atr19kcw8wt6dg733b24n_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        );
        Assert.Equal(
            "unauthenticated",
            (await Assert.ThrowsAsync<RefusedException>(() => stranger.GetAccountAsync(_account))).Problem.Code
        );
        Assert.Throws<ArgumentException>(() =>
            new VaultClient(new VaultClientOptions { BaseAddress = new Uri("http://vault.example.com"), ApiKey = "k" })
        );
    }

    [Fact]
    public async Task Lists_are_read_to_their_end()
    {
        using var vault = new VaultClient(Options());
        Assert.True(await vault.ListToolsAsync().CountAsync() > 200);
        var tools = await vault
            .ListToolsAsync(new ToolFilter { UserId = "ada", Provider = "sandbox_single_use" })
            .ToListAsync();
        Assert.Contains(tools, t => t is { Name: "sandbox_single_use_get_profile", Requirement.Ready: true });
        Assert.Equal(
            [_account],
            await vault.ListAccountsAsync(new AccountFilter { UserId = "ada" }).Select(a => a.Id).ToListAsync()
        );
        var link = await vault.CreateLinkAsync(new LinkRequest("carol", "sandbox_single_use"));
        Assert.Equal("PENDING_AUTH", (await vault.GetAccountAsync(link.ConnectedAccountId)).Status);
        Assert.Equal("confirmed", (await vault.RevokeAccountAsync(_account)).Provider);
        Assert.Equal("REVOKED", (await vault.GetAccountAsync(_account)).Status);
    }

    [Fact]
    public async Task Pages_of_an_execution_follow_each_other_to_the_last()
    {
        using var vault = new VaultClient(Options());
        var pages = await vault
            .ExecutePagesAsync(
                new ToolCall("sandbox_single_use_list_items")
                {
                    UserId = "ada",
                    Input = new { page_size = 100 },
                    IdempotencyKey = "walk",
                }
            )
            .ToListAsync();
        Assert.True(pages.Count > 2);
        Assert.All(pages[..^1], p => Assert.Equal(100, p.Data!.Value.GetProperty("items").GetArrayLength()));
        var ids = pages
            .SelectMany(p =>
                p.Data!.Value.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString())
            )
            .ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(pages.Count, _world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task What_the_vault_told_as_unknown_is_not_sent_again()
    {
        _world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.DropAfter,
                Target = FaultTarget.Api,
                Times = 1,
            }
        );
        using var vault = new VaultClient(Options());
        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() =>
            vault.ExecuteAsync(
                new ToolCall("sandbox_single_use_submit_form") { UserId = "ada", Input = new { title = "once" } }
            )
        );
        Assert.StartsWith("exe_", unknown.Problem.ExecutionId, StringComparison.Ordinal);
        Assert.Equal(1, _world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task Who_cancels_is_told_so_at_once_and_nothing_is_asked_again()
    {
        var slow = _world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Hold,
                Target = FaultTarget.Api,
                Phase = FaultPhase.Before,
                Times = 1,
            }
        );
        using var vault = new VaultClient(Options());
        using var stop = new CancellationTokenSource();
        var call = vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" }, stop.Token);
        await Eventually.DoneAsync(slow.Gate.ReachedAsync(), () => slow.Gate.Arrived);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Eventually.DoneAsync(call, () => slow.Gate.Arrived)
        );
        slow.Gate.Open();
        Assert.True(_world.Sandbox.Counters.ApiCalls <= 1);
    }

    [Fact]
    public async Task A_model_gets_the_tools_of_its_user_as_functions_and_reads_refusals()
    {
        using var vault = new VaultClient(Options());
        var functions = await vault.GetFunctionsAsync("ada");
        Assert.All(functions, f => Assert.StartsWith("sandbox_single_use_", f.Name, StringComparison.Ordinal));
        var create = functions.Single(f => f.Name == "sandbox_single_use_create_item");
        Assert.Equal("object", create.JsonSchema.GetProperty("type").GetString());

        var made = (JsonElement)(await create.InvokeAsync(new AIFunctionArguments { ["name"] = "from a model" }))!;
        Assert.Equal("from a model", made.GetProperty("data").GetProperty("name").GetString());
        var refused = (JsonElement)(await create.InvokeAsync(new AIFunctionArguments { ["nome"] = "typo" }))!;
        Assert.Equal("tool_input_invalid", refused.GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(await vault.GetFunctionsAsync("bob"));
    }

    /// <summary>Delivers every request and loses the answers of some.</summary>
    private sealed class LossyWire(int lose) : DelegatingHandler(new SocketsHttpHandler())
    {
        public int Lose { get; set; } = lose;

        public int Sent { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            Sent++;
            var answer = await base.SendAsync(request, cancellationToken);
            if (Lose-- <= 0)
                return answer;
            answer.Dispose();
            throw new HttpRequestException("The connection was cut.");
        }
    }
}
