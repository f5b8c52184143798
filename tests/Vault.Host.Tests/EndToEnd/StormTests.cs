using System.Net;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>What breaks products in use today, each shown here against a strict peer that counts replays.</summary>
public abstract class StormTests(IHosts hosts)
{
    private static readonly TokenPolicyPatch SingleUse = new() { Rotation = RotationBehaviour.SingleUse };

    private static MintedGrant Mint(World world, string subject = "alice", int? accessSeconds = 0) =>
        world.Sandbox.Grants.Mint(
            new GrantSeed
            {
                Subject = subject,
                Policy = SingleUse,
                AccessExpiresInSeconds = accessSeconds,
            }
        );

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task Two_hundred_calls_on_an_expired_single_use_grant_cause_one_refresh(int count, bool postgres)
    {
        await using var world = await hosts.StartAsync(count, postgres);
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        await world.ImportAsync(
            organization,
            "ada",
            "sandbox_single_use",
            Mint(world),
            DateTimeOffset.UtcNow.AddMinutes(-1)
        );

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i))
        );

        Reply.AllOk(answers);
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }

    /// <summary>
    /// How many accounts expire at once: as many as the machine can carry through these hosts in a moment.
    /// </summary>
    protected virtual int Crowd => 1_000;

    [Fact]
    public async Task Accounts_that_expire_at_once_cause_one_refresh_each()
    {
        // Nothing sweeps, and an account that was read is not too old by the time a machine that is busy with the crowd
        // comes to use it.
        await using var world = await hosts.StartAsync(
            1,
            postgres: false,
            "--sweep-interval-ms",
            "3600000",
            "--freshness-lease-ms",
            "60000"
        );
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var grants = world.Sandbox.Grants.MintMany(
            new GrantSeed
            {
                Subject = "user-{n}",
                Policy = SingleUse,
                AccessExpiresInSeconds = 0,
            },
            Crowd
        );
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Crowd),
            new ParallelOptions { MaxDegreeOfParallelism = 32 },
            async (i, _) =>
                await world.ImportAsync(
                    organization,
                    "user" + i,
                    "sandbox_single_use",
                    grants[i],
                    DateTimeOffset.UtcNow.AddMinutes(-1)
                )
        );

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Crowd)
                .Select(i => world.ExecuteAsync(organization, "user" + i, "sandbox_single_use_get_profile"))
        );

        Reply.AllOk(answers);
        Assert.Equal(Crowd, world.Sandbox.Counters.Refreshes);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }

    // Longer than any lock or connection of the database is waited for (5 s), far shorter than the token timeout.
    [Fact]
    public async Task A_token_endpoint_that_takes_six_seconds_is_asked_once_by_two_hosts()
    {
        await using var world = await hosts.StartAsync(2, postgres: true);
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        await world.ImportAsync(
            organization,
            "ada",
            "sandbox_single_use",
            Mint(world),
            DateTimeOffset.UtcNow.AddMinutes(-1)
        );
        world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Slow,
                Target = FaultTarget.Token,
                DelayMs = 6_000,
                Times = 1,
            }
        );

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i))
        );

        Reply.AllOk(answers);
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }

    [Fact]
    public async Task One_503_from_the_token_endpoint_hurts_nobody_while_the_access_token_lives()
    {
        await using var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var account = await world.ImportAsync(
            organization,
            "ada",
            "sandbox_single_use",
            Mint(world, accessSeconds: 600),
            DateTimeOffset.UtcNow.AddMinutes(10)
        );
        world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Token,
                Status = 503,
                Times = 1,
            }
        );

        var refresh = await world.PostAsync(
            $"/v1/connected_accounts/{account}:refresh",
            new { organization_id = organization }
        );
        var answer = await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile");
        var view = await world.GetAsync($"/v1/connected_accounts/{account}?organization_id={organization}");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("ACTIVE", view["status"]);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
        Assert.True(refresh.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, refresh.ToString());
    }

    [Fact]
    public async Task An_early_401_buys_one_refresh_and_one_retry()
    {
        await using var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        await world.ImportAsync(
            organization,
            "ada",
            "sandbox_single_use",
            Mint(world, accessSeconds: 600),
            DateTimeOffset.UtcNow.AddHours(1)
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
        );
        world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.EarlyUnauthorized,
                Target = FaultTarget.Api,
                Times = 1,
            }
        );

        var answer = await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile");

        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);
        Assert.Equal(0, world.Sandbox.Counters.RefreshReplays);
    }

    [Fact]
    public async Task A_grant_revoked_upstream_tells_every_caller_why_and_where_to_go_and_asks_the_token_endpoint_once()
    {
        await using var world = await hosts.StartAsync();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var grant = Mint(world);
        await world.ImportAsync(organization, "ada", "sandbox_single_use", grant, DateTimeOffset.UtcNow.AddMinutes(-1));
        world.Sandbox.Grants.Revoke(grant.GrantId, "the user revoked access");

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 50)
                .Select(_ => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile"))
        );

        Assert.All(answers, a =>
        {
            Assert.Equal("auth_revoked", a.Code);
            Assert.Equal((HttpStatusCode)424, a.Status);
            Assert.NotEmpty(a["status_reason"]);
            Assert.Contains(world.Urls, u => a["reconnect_url"].StartsWith(u + "/", StringComparison.Ordinal));
        });
        Assert.Equal(1, world.Sandbox.Counters.TokenRequests);
    }
}
