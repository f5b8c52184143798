using System.Net;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>Revoked means revoked (law 8): from the acknowledgement on, no host uses the credential.</summary>
public abstract class RevocationTests(IHosts hosts)
{
    private static readonly TokenPolicyPatch SingleUse = new() { Rotation = RotationBehaviour.SingleUse };

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task After_the_acknowledgement_no_host_calls_the_provider_for_the_account(int count, bool postgres)
    {
        await using var world = await hosts.StartAsync(count, postgres);
        var (organization, account, _) = await ReadyAsync(world);
        using var stop = new CancellationTokenSource();
        var load = Enumerable
            .Range(0, 16)
            .Select(i =>
                Task.Run(async () =>
                {
                    while (!stop.IsCancellationRequested)
                        await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i);
                })
            )
            .ToArray();
        await Eventually.UntilAsync(() => world.Sandbox.Counters.ApiCalls > 100, () => world.Sandbox.Counters.ApiCalls);

        var receipt = await world.PostAsync(
            $"/v1/connected_accounts/{account}:revoke",
            new { organization_id = organization }
        );
        var atAcknowledgement = world.Sandbox.Counters.ApiCalls;
        await Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i))
        );
        var after = world.Sandbox.Counters.ApiCalls;
        await stop.CancelAsync();
        await Task.WhenAll(load);

        Assert.Equal(HttpStatusCode.OK, receipt.Status);
        Assert.Equal("confirmed", receipt["provider"]);
        Assert.Equal(atAcknowledgement, after);
    }

    [Fact]
    public async Task A_suspended_organization_runs_nothing_until_it_is_resumed()
    {
        await using var world = await hosts.StartAsync();
        var (organization, _, _) = await ReadyAsync(world);
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
        );

        Assert.Equal(
            HttpStatusCode.OK,
            (await world.PostAsync($"/v1/organizations/{organization}:suspend", new { })).Status
        );
        var calls = world.Sandbox.Counters.ApiCalls;
        Assert.Equal(
            "organization_suspended",
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Code
        );
        Assert.Equal(calls, world.Sandbox.Counters.ApiCalls);

        await world.PostAsync($"/v1/organizations/{organization}:resume", new { });
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Erasing_revokes_upstream_destroys_the_keys_and_leaves_a_chain_that_verifies(bool postgres)
    {
        await using var world = await hosts.StartAsync(1, postgres);
        var (organization, account, grant) = await ReadyAsync(world);
        await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile");

        var receipt = await world.PostAsync($"/v1/organizations/{organization}:erase", new { });
        Assert.True(receipt.Status == HttpStatusCode.OK, receipt.ToString());

        Assert.False(world.Sandbox.Grants.Get(grant.GrantId).Alive);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await world.GetAsync($"/v1/connected_accounts/{account}?organization_id={organization}")).Status
        );
        var report = await world.PostAsync("/v1/ledger:verify", new { organization_id = organization });
        Assert.Equal("true", report["intact"]);
        Assert.NotEqual("0", report["erased"]);
    }

    [Fact]
    public async Task A_provider_that_cannot_be_reached_is_asked_again_until_it_has_revoked()
    {
        await using var world = await hosts.StartAsync();
        var (organization, account, grant) = await ReadyAsync(world);
        world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Revoke,
                Status = 503,
                Times = 2,
            }
        );

        var receipt = await world.PostAsync(
            $"/v1/connected_accounts/{account}:revoke",
            new { organization_id = organization }
        );

        Assert.Equal("pending", receipt["provider"]);
        await Eventually.UntilAsync(
            () => !world.Sandbox.Grants.Get(grant.GrantId).Alive,
            () => world.Sandbox.Grants.Get(grant.GrantId)
        );
    }

    private static async Task<(string Organization, string Account, MintedGrant Grant)> ReadyAsync(World world)
    {
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var grant = world.Sandbox.Grants.Mint(new GrantSeed { Policy = SingleUse, AccessExpiresInSeconds = 3_600 });
        return (
            organization,
            await world.ImportAsync(
                organization,
                "ada",
                "sandbox_single_use",
                grant,
                DateTimeOffset.UtcNow.AddHours(1)
            ),
            grant
        );
    }
}
