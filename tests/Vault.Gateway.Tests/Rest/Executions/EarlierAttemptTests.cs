using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Gateway.Tests.Connect;
using static Vault.Gateway.Tests.Http.IdempotencyTests;

namespace Vault.Gateway.Tests.Rest.Executions;

/// <summary>
/// A write whose first attempt may have acted, and whose second is not made or is refused. Whatever ended it, the
/// answer is that nobody knows: "retry" or "reconnect" would have the agent send it again under another execution id,
/// which is what providers tell repetitions by.
/// </summary>
public sealed class EarlierAttemptTests
{
    [Theory]
    [InlineData("store_down")]
    [InlineData("grant_dead_at_refresh")]
    [InlineData("grant_dead_at_api")]
    [InlineData("revoked_meanwhile")]
    public async Task What_may_have_acted_is_never_answered_as_something_to_send_again(string ending)
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        host.Get<Host.FakePacks>()
            .Change("acme_delete_item", tool => tool with { Effect = Effect.Write, Idempotency = Idempotency.Natural });
        await ConnectAsync(scene);
        var account = (await scene.AccountAsync())["id"]!.GetValue<string>();
        host.Upstream.Answer = async _ =>
        {
            if (host.Upstream.Calls > 1)
            {
                if (ending == "grant_dead_at_refresh")
                    host.Provider.Replies.Enqueue(new TokenReply.GrantDead(StatusReason.GrantRevoked, "invalid_grant"));
                return ending == "grant_dead_at_refresh"
                    ? new UpstreamReply(UpstreamOutcome.CredentialRejected, 401)
                    : new UpstreamReply(UpstreamOutcome.GrantDead, 401) { Reason = StatusReason.GrantRevoked };
            }

            if (ending == "revoked_meanwhile")
                (
                    await host.PostAsync(
                        $"/v1/connected_accounts/{account}:revoke",
                        new { organization_id = scene.Organization }
                    )
                ).Is(200);
            if (ending == "store_down")
            {
                host.Time.Advance(TimeSpan.FromSeconds(5));
                host.Store.Before = call =>
                    call.StartsWith("accounts.find", StringComparison.Ordinal)
                        ? throw new StoreUnavailableException("down", false)
                        : Task.CompletedTask;
            }

            return new UpstreamReply(UpstreamOutcome.Lost, null);
        };
        var body = new
        {
            tool_name = "acme_delete_item",
            organization_id = scene.Organization,
            user_id = "user-1",
            tool_input = new { id = "1" },
        };
        var reply = (await host.PostAsync("/v1/execute_tool", body)).Is(502, "outcome_unknown");
        Assert.Equal("outcome_unknown", reply["outcome"]);
        Assert.False(reply.Json["can_retry"]!.GetValue<bool>());
        Assert.Null(reply.Json["reconnect_url"]);
    }
}
