using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Ledger;

/// <summary>What is done to the platform stands in a ledger, and a key cannot fill one.</summary>
public sealed class PlatformLedgerTests
{
    [Fact]
    public async Task Keys_and_packs_of_the_platform_are_in_its_ledger_which_verifies()
    {
        await using var host = await GatewayHost.StartAsync();
        var made = (await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "tools:read" } })).Is(
            201
        );
        (await host.PostAsync($"/v1/api_keys/{made["id"]}:revoke", new { })).Is(200);
        (await host.PostAsync("/v1/providers", "{\"id\":\"acme\"}")).Is(201);
        (await host.SendAsync(HttpMethod.Delete, "/v1/tool_sets/acme+none", null)).Is(404);
        var ledger = (await host.GetAsync("/v1/ledger?order=oldest")).Is(200);
        var types = ledger.Json["items"]!.AsArray().Select(i => i!["entry"]!["type"]!.GetValue<string>());
        Assert.Equal(
            ["api_key.created", "api_key.created", "api_key.revoked", "pack.stored", "tool_set.deleted"],
            types
        );
        Assert.Contains(made["id"], ledger.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(made["key"], ledger.Text, StringComparison.Ordinal);
        var report = (await host.PostAsync("/v1/ledger:verify", new { })).Is(200);
        Assert.True(report.Json["intact"]!.GetValue<bool>());
        Assert.Equal(5, report.Json["entries"]!.GetValue<long>());
        (await host.GetAsync("/v1/ledger:export?format=chain")).Is(200);
    }

    [Fact]
    public async Task An_organizations_key_reads_its_own_ledger_only()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        var key = await host.KeyAsync(organization, Permission.LedgerRead);
        var own = (await host.GetAsync("/v1/ledger", key)).Is(200);
        Assert.Contains(organization, own.Text, StringComparison.Ordinal);
        foreach (var foreign in new[] { OrganizationId.Platform.Value, "platform" })
            (await host.GetAsync("/v1/ledger?organization_id=" + foreign, key)).Is(404, "organization_unknown");
        // Nor is the platform an organization that one could act in.
        (await host.GetAsync("/v1/connections?organization_id=" + OrganizationId.Platform.Value)).Is(
            404,
            "organization_unknown"
        );
    }

    [Fact]
    public async Task Failed_authentications_are_counted_by_network_and_minute()
    {
        await using var host = await GatewayHost.StartAsync();
        var wrong = host.Admin[..^1] + (host.Admin[^1] == 'x' ? 'y' : 'x');
        for (var i = 0; i < 7; i++)
            (await host.GetAsync("/v1/providers", wrong)).Is(401);
        (await host.GetAsync("/v1/providers", key: null)).Is(401);
        var failed = Assert.Single(await host.Get<FailedAuthentications>().FlushAsync(default));
        Assert.Equal(("127.0.0.1", 7L), (failed.Network, failed.Count));
        Assert.Equal("key_" + new string('0', 26), Assert.Single(failed.KeyIds));
        Assert.Empty(await host.Get<FailedAuthentications>().FlushAsync(default));
        var entries = await EntriesAsync(host, OrganizationId.Platform, LedgerEvents.AuthenticationFailed);
        Assert.Contains("\"count\":7", Assert.Single(entries), StringComparison.Ordinal);
        Assert.DoesNotContain(wrong[^43..], entries[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_fails_pays_before_the_look_up_and_a_known_key_behind_the_same_address_does_not()
    {
        await using var host = await GatewayHost.StartAsync(change: services =>
            services.AddSingleton(
                new GatewayOptions
                {
                    Development = true,
                    RequestsPerSecond = 100_000,
                    RequestBurst = 100_000,
                    AnonymousPerSecond = 2,
                }
            )
        );
        (await host.GetAsync("/v1/providers")).Is(200);
        var reads = 0;
        host.Store.Before = call =>
        {
            if (call == "api_keys.find")
                Interlocked.Increment(ref reads);
            return Task.CompletedTask;
        };
        var limited = 0;
        for (var i = 0; i < 100; i++)
        {
            var guess = ApiKeyText.Format("key_01hzzzzzzzzzzzzzzzzzzzzzzz", new string('a', 41) + (i % 89 + 10));
            limited += (int)(await host.GetAsync("/v1/providers", guess)).Status == 429 ? 1 : 0;
        }

        Assert.Equal(100, limited + reads);
        Assert.InRange(reads, 1, 90);
        (await host.GetAsync("/v1/providers")).Is(200);
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2::/64")]
    public void A_network_is_what_one_customer_has(string address, string network) =>
        Assert.Equal(network, FailedAuthentications.NetworkOf(System.Net.IPAddress.Parse(address)));

    [Fact]
    public async Task Refusals_of_one_key_are_counted_beyond_the_first_ones_of_a_minute()
    {
        await using var host = await GatewayHost.StartAsync();
        var (ids, organization) = (host.Get<IdFactory>(), new OrganizationId(await host.OrganizationAsync()));
        var refusals = new AggregatedRefusals(host.Get<LedgerWriter>(), ids, host.Time);
        for (var i = 0; i < 500; i++)
            Assert.Null(await refusals.AppendAsync(Draft("key_a", LedgerEvents.ExecutionRefused), default));
        // Another key, and what is no refusal, are not affected.
        await refusals.AppendAsync(Draft("key_b", LedgerEvents.ExecutionRefused), default);
        await refusals.AppendAsync(Draft("key_a", LedgerEvents.ExecutionFinished), default);
        await refusals.FlushAsync(all: false, default);
        Assert.Empty(await EntriesAsync(host, organization, LedgerEvents.ExecutionRefusals));
        Assert.Equal(
            AggregatedRefusals.OwnPerMinute + 1,
            (await EntriesAsync(host, organization, LedgerEvents.ExecutionRefused)).Count
        );

        host.Time.Advance(TimeSpan.FromMinutes(1));
        await refusals.FlushAsync(all: false, default);
        var counted = Assert.Single(await EntriesAsync(host, organization, LedgerEvents.ExecutionRefusals));
        Assert.Contains(
            $"\"scope_missing\":{500 - AggregatedRefusals.OwnPerMinute}",
            counted,
            StringComparison.Ordinal
        );
        Assert.Contains("key_a", counted, StringComparison.Ordinal);
        // The next minute has entries of its own again.
        await refusals.AppendAsync(Draft("key_a", LedgerEvents.ExecutionRefused), default);
        await refusals.DisposeAsync();
        Assert.Single(await EntriesAsync(host, organization, LedgerEvents.ExecutionRefusals));
        Assert.Equal(
            AggregatedRefusals.OwnPerMinute + 2,
            (await EntriesAsync(host, organization, LedgerEvents.ExecutionRefused)).Count
        );

        LedgerDraft Draft(string caller, string type) =>
            LedgerEntries.Execution(
                ids,
                host.Time.GetUtcNow(),
                type,
                caller,
                new LedgerRequest("exe_1", null, "digest", null),
                new LedgerAccount(organization, null, null, null, null),
                new LedgerTool("acme_get_item", "1", null),
                [],
                [],
                new LedgerResult("failed_before_send", "scope_missing", null)
            );
    }

    private static async Task<List<string>> EntriesAsync(GatewayHost host, OrganizationId organization, string type)
    {
        await host.Get<LedgerWriter>().DrainOutboxAsync(default);
        return
        [
            .. (await host.Store.Ledger.ReadAsync(organization, 1, 1000, default))
                .Where(e => e.Index.Type == type)
                .Select(e => Encoding.UTF8.GetString(e.Body!.Value.Span)),
        ];
    }
}
