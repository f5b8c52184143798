using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Faults;
using Vault.TestKit;

namespace Vault.Host.Tests.Cluster;

/// <summary>Two hosts whose clocks are 180 s apart, and 90 s from the database's.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ClockTests
{
    private static readonly TimeSpan Off = TimeSpan.FromSeconds(90);

    // The lease outlives the call by the difference of the clocks.
    private static readonly string[] Allowed =
    [
        "--clock-skew-ms",
        "185000",
        "--refresh-lease-ms",
        "300000",
        "--in-doubt-horizon-ms",
        "3600000",
    ];

    [Fact]
    public async Task A_host_whose_clock_is_further_off_than_allowed_does_not_start_and_says_what_to_do()
    {
        await using var world = await World.StartAsync(1, true);
        foreach (var off in new[] { Off, -Off })
        {
            var refused = await Assert.ThrowsAsync<StartException>(() => world.AddHostAsync(new OffsetClock(off)));
            Assert.Contains("VAULT_CLOCK_SKEW_MS", refused.Message, StringComparison.Ordinal);
            Assert.Contains("90.0 s", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task A_lease_holds_for_the_host_whose_clock_is_ahead_and_for_the_one_behind(int holder, int other)
    {
        await using var world = await WorldAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        var key = new AccountKey(
            new OrganizationId(organization),
            new UserId("ada"),
            new ConnectionName("sandbox_single_use")
        );
        var reply = world
            .Sandbox.Faults.Add(
                new SandboxFault
                {
                    Kind = FaultKind.Hold,
                    Target = FaultTarget.Token,
                    Phase = FaultPhase.After,
                    Times = 1,
                }
            )
            .Gate;

        var first = RefreshAsync(holder, RefreshReason.Manual);
        await Eventually.DoneAsync(reply.ReachedAsync(), () => "no refresh");
        var second = await RefreshAsync(other, RefreshReason.Scheduled);
        reply.Open();

        Assert.Equal("refresh_in_progress", second.Error?.Code.Code);
        Assert.True((await first).IsOk);
        Assert.Equal((1, 0), (world.Sandbox.Counters.Refreshes, world.Sandbox.Counters.RefreshReplays));

        // As the sweep does it, which goes round the account's grain.
        Task<Core.Errors.Result<RefreshResult>> RefreshAsync(int host, RefreshReason why) =>
            world
                .Hosts[host]
                .Services.GetRequiredService<AccountRefresher>()
                .RefreshAsync(key, 1, why, CancellationToken.None);
    }

    [Fact]
    public async Task After_a_revocation_is_acknowledged_neither_host_calls_the_provider()
    {
        await using var world = await WorldAsync();
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        for (var host = 0; host < 2; host++)
            Assert.Equal(HttpStatusCode.OK, (await ExecuteAsync(host)).Status);
        var account = (await world.GetAsync($"/v1/connected_accounts?organization_id={organization}"))
            .Json.GetProperty("items")[0]
            .GetProperty("id")
            .GetString();

        var acknowledged = await world.PostAsync(
            $"/v1/connected_accounts/{account}:revoke",
            new { organization_id = organization },
            host: 1
        );
        Assert.True(acknowledged.Status == HttpStatusCode.OK, acknowledged.ToString());
        var calls = world.Sandbox.Counters.ApiCalls;
        foreach (var refused in await Task.WhenAll(Enumerable.Range(0, 8).Select(i => ExecuteAsync(i % 2))))
            Assert.Equal("auth_revoked", refused.Code);
        Assert.Equal(calls, world.Sandbox.Counters.ApiCalls);

        Task<Reply> ExecuteAsync(int host) =>
            world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: host);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.StartAsync(0, true);
        await world.AddHostAsync(new OffsetClock(-Off), Allowed);
        await world.AddHostAsync(new OffsetClock(Off), Allowed);
        return world;
    }
}
