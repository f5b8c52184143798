using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.Cluster;

/// <summary>What a cluster adds to one silo.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ClusterTests
{
    private static readonly TokenPolicyPatch SingleUse = new() { Rotation = RotationBehaviour.SingleUse };

    [Fact]
    public async Task An_account_lives_on_one_silo_whichever_gateway_is_asked()
    {
        await using var world = await World.StartAsync(2, true);
        var organization = await AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));

        for (var i = 0; i < 6; i++)
        {
            var answer = await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i % 2);
            Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        }

        var management = world.Hosts[0].Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        var activations = (await management.GetDetailedGrainStatistics())
            .Where(s => s.GrainType.Contains("ConnectedAccountGrain", StringComparison.Ordinal))
            .ToList();
        Assert.Single(activations);
    }

    [Fact]
    public async Task Two_activations_of_one_account_refresh_it_once()
    {
        await using var world = await World.StartAsync(2, true);
        var organization = await AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));
        var key = new AccountKey(
            new OrganizationId(organization),
            new UserId("ada"),
            new ConnectionName("sandbox_single_use")
        );

        // What two activations would do: the owner itself, on both silos at the same time.
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 40)
                .Select(i =>
                    world
                        .Hosts[i % 2]
                        .Services.GetRequiredService<AccountRefresher>()
                        .RefreshAsync(key, 1, RefreshReason.OnDemand, CancellationToken.None)
                )
        );

        Assert.All(answers, a => Assert.True(a.IsOk, a.Error?.Detail));
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }

    [Theory]
    [InlineData("suspend")]
    [InlineData("revoke")]
    public async Task After_the_acknowledgement_no_silo_calls_the_provider(string what)
    {
        await using var world = await World.StartAsync(2, true, options: ["--freshness-lease-ms", "1000"]);
        var organization = await AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        var account = (await world.GetAsync($"/v1/connected_accounts?organization_id={organization}"))
            .Json.GetProperty("items")[0]
            .GetProperty("id")
            .GetString();
        using var stop = new CancellationTokenSource();
        var warm = new TaskCompletionSource();
        var load = Enumerable
            .Range(0, 8)
            .Select(async lane =>
            {
                var done = 0;
                while (!stop.IsCancellationRequested)
                {
                    await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: lane % 2);
                    if (++done == 5)
                        warm.TrySetResult();
                }
            })
            .ToList();
        await warm.Task;

        var acknowledged =
            what == "suspend"
                ? await world.PostAsync($"/v1/organizations/{organization}:suspend", new { }, host: 1)
                : await world.PostAsync(
                    $"/v1/connected_accounts/{account}:revoke",
                    new { organization_id = organization },
                    host: 1
                );
        var calls = world.Sandbox.Counters.ApiCalls;
        Assert.Equal(HttpStatusCode.OK, acknowledged.Status);
        var refused = await Task.WhenAll(
            Enumerable
                .Range(0, 40)
                .Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i % 2))
        );
        await stop.CancelAsync();
        await Task.WhenAll(load);

        Assert.All(refused, a => Assert.Equal(what == "suspend" ? "organization_suspended" : "auth_revoked", a.Code));
        Assert.Equal(calls, world.Sandbox.Counters.ApiCalls);
    }

    [Fact]
    public async Task Shards_refresh_what_is_due_with_one_reminder_each_and_nobody_asking()
    {
        await using var world = await World.StartAsync(2, true);
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var hold = world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Hold,
                Target = FaultTarget.Token,
                Phase = FaultPhase.After,
            }
        );
        for (var i = 0; i < 12; i++)
        {
            var grant = world.Sandbox.Grants.Mint(
                new GrantSeed
                {
                    Subject = "user" + i,
                    Policy = SingleUse,
                    AccessExpiresInSeconds = 30,
                }
            );
            await world.ImportAsync(
                organization,
                "user" + i,
                "sandbox_single_use",
                grant,
                DateTimeOffset.UtcNow.AddSeconds(2)
            );
        }

        await Eventually.DoneAsync(hold.Gate.ReachedAsync(1), () => hold.Gate.Arrived);
        hold.Gate.Open();
        await Eventually.DoneAsync(hold.Gate.ReachedAsync(12), () => hold.Gate.Arrived);

        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
        var reminders = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async shard =>
                {
                    var grain = world
                        .Hosts[0]
                        .Services.GetRequiredService<IGrainFactory>()
                        .GetGrain<Grains.IRefreshShardGrain>(shard);
                    await grain.WatchAsync();
                    return await world
                        .Hosts[0]
                        .Services.GetRequiredService<IReminderTable>()
                        .ReadRows(grain.GetGrainId());
                })
        );
        Assert.All(reminders, r => Assert.Single(r.Reminders));
    }

    internal static async Task<string> AccountAsync(
        World world,
        DateTimeOffset expires,
        RotationBehaviour rotation = RotationBehaviour.SingleUse,
        string provider = "sandbox_single_use"
    )
    {
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, provider);
        var grant = world.Sandbox.Grants.Mint(
            new GrantSeed
            {
                Subject = "alice",
                Policy = new TokenPolicyPatch { Rotation = rotation },
                AccessExpiresInSeconds = expires > DateTimeOffset.UtcNow ? 3_600 : 0,
            }
        );
        await world.ImportAsync(organization, "ada", provider, grant, expires);
        return organization;
    }
}
