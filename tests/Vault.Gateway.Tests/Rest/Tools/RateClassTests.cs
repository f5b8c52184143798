using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Gateway.Tests.Connect;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Tools;

public sealed class RateClassTests
{
    [Fact]
    public async Task What_is_beyond_the_rate_is_not_sent_and_what_the_provider_held_back_is_waited_for()
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        host.Get<FakePacks>()
            .Change("acme_get_item", t =>
                t with
                {
                    Rate = new RateClass("items", 2, PerConnection: false, EachTool: true),
                    Deprecated = new Deprecation("2026-01-31", "acme_delete_item", null),
                }
            );
        var visitor = new Visitor(host);
        (await visitor.OpenAsync(await scene.LinkAsync())).Is(303);
        (await visitor.ReturnAsync()).Is(200);
        var sent = 0;
        host.Upstream.Answer = _ =>
        {
            sent++;
            return Task.FromResult(
                new UpstreamReply(
                    sent == 3 ? UpstreamOutcome.RateLimited : UpstreamOutcome.Succeeded,
                    sent == 3 ? 429 : 200
                )
                {
                    RetryAfter = sent == 3 ? TimeSpan.FromSeconds(45) : null,
                }
            );
        };
        (await CallAsync(scene)).Is(200);
        (await CallAsync(scene)).Is(200);
        var refused = (await CallAsync(scene)).Is(429, "upstream_rate_limited");
        Assert.True((long)refused.Json["retry_after_ms"]! > 0);
        Assert.Equal("failed_before_send", (string)refused.Json["outcome"]!);
        Assert.Equal(2, sent);

        ((MovableTime)host.Get<TimeProvider>()).Advance(TimeSpan.FromMinutes(1));
        (await CallAsync(scene)).Is(429, "upstream_rate_limited");
        Assert.Equal(3, sent);
        Assert.Equal("failed_before_send", (string)(await CallAsync(scene)).Is(429).Json["outcome"]!);
        Assert.Equal(3, sent);
        ((MovableTime)host.Get<TimeProvider>()).Advance(TimeSpan.FromSeconds(46));
        (await CallAsync(scene)).Is(200);

        var tool = (await host.GetAsync("/v1/tools/acme_get_item")).Is(200).Json["tool"]!;
        Assert.Equal(
            ("items", "2026-01-31"),
            ((string)tool["rate_class"]!["name"]!, (string)tool["deprecated"]!["since"]!)
        );
        Assert.StartsWith(
            "Deprecated since 2026-01-31; use acme_delete_item.",
            (string)
                (await host.GetAsync("/v1/tools/acme_get_item?format=anthropic")).Is(200).Json["tool"]!["description"]!,
            StringComparison.Ordinal
        );
    }

    private static Task<Reply> CallAsync(Scene scene) =>
        scene.Host.PostAsync(
            "/v1/execute_tool",
            new
            {
                organization_id = scene.Organization,
                user_id = "user-1",
                tool_name = "acme_get_item",
                tool_input = new { id = "1" },
            }
        );
}
