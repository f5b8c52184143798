using Vault.Sandbox.Clients;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Tests.Grants;

public sealed class RotationTests : SandboxFixture
{
    private const int Callers = 50;

    [Fact]
    public async Task Never_keeps_the_refresh_token_and_leaves_it_out_of_the_answer()
    {
        Rotate(RotationBehaviour.Never);
        var grant = Server.Grants.Mint(new GrantSeed());
        var first = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, first.Status);
        Assert.Null(first["refresh_token"]);
        Assert.Equal(200, (await Caller.RefreshAsync(grant.RefreshToken!)).Status);
        Assert.Equal(0, Server.Counters.RefreshReplays);
        Assert.Equal(2, Server.Counters.Refreshes);
    }

    [Fact]
    public async Task Never_can_repeat_the_refresh_token()
    {
        var grant = Server.Grants.Mint(
            new GrantSeed
            {
                Policy = new TokenPolicyPatch { Rotation = RotationBehaviour.Never, RepeatRefreshToken = true },
            }
        );
        Assert.Equal(grant.RefreshToken, (await Caller.RefreshAsync(grant.RefreshToken!)).RefreshToken);
    }

    [Fact]
    public async Task Single_use_refuses_a_used_token_and_the_family_lives()
    {
        Rotate(RotationBehaviour.SingleUse);
        var grant = Server.Grants.Mint(new GrantSeed());
        var fresh = await Caller.RefreshAsync(grant.RefreshToken!);
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");

        Assert.Equal(200, (await Caller.GetAsync("/api/me", fresh.AccessToken)).Status);
        Assert.Equal(200, (await Caller.RefreshAsync(fresh.RefreshToken)).Status);
        Assert.Equal(1, Server.Counters.RefreshReplays);
        Assert.Equal(0, Server.Counters.FamiliesKilled);
    }

    [Fact]
    public async Task Family_reuse_kills_every_token_of_the_grant()
    {
        Rotate(RotationBehaviour.Family);
        var grant = Server.Grants.Mint(new GrantSeed());
        var fresh = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");

        Assert.Equal(401, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);
        Assert.Equal(401, (await Caller.GetAsync("/api/me", fresh.AccessToken)).Status);
        (await Caller.RefreshAsync(fresh.RefreshToken)).MustFail(400, "invalid_grant");
        Assert.Equal(1, Server.Counters.FamiliesKilled);
        Assert.Equal(1, Server.Counters.RefreshReplays);
        Assert.False(Server.Grants.Get(grant.GrantId).Alive);
    }

    [Fact]
    public async Task Grace_accepts_the_predecessor_for_its_seconds_and_gives_the_current_refresh_token()
    {
        Rotate(RotationBehaviour.Grace, graceSeconds: 30);
        var grant = Server.Grants.Mint(new GrantSeed());
        var first = await Caller.RefreshAsync(grant.RefreshToken!);
        Time.Advance(TimeSpan.FromSeconds(29));
        var again = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, again.Status);
        Assert.Equal(first.RefreshToken, again.RefreshToken);
        Assert.NotEqual(first.AccessToken, again.AccessToken);
        Time.Advance(TimeSpan.FromSeconds(1));
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");

        Assert.Equal(2, Server.Counters.RefreshReplays);
        Assert.Equal(1, Server.Counters.RefreshGraceReuses);
        Assert.Equal(200, (await Caller.RefreshAsync(first.RefreshToken)).Status);
    }

    [Fact]
    public async Task Grace_ends_for_a_predecessor_whose_successor_was_used()
    {
        Rotate(RotationBehaviour.Grace, graceSeconds: 30);
        var grant = Server.Grants.Mint(new GrantSeed());
        var first = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, (await Caller.RefreshAsync(first.RefreshToken)).Status);
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");
    }

    [Theory]
    [InlineData(RotationBehaviour.Never, Callers, 0, 0)]
    [InlineData(RotationBehaviour.Grace, Callers, Callers - 1, 0)]
    [InlineData(RotationBehaviour.SingleUse, 1, Callers - 1, 0)]
    [InlineData(RotationBehaviour.Family, 1, Callers - 1, 1)]
    public async Task Fifty_parallel_refreshes_with_one_token(
        RotationBehaviour rotation,
        int succeed,
        int replays,
        int killed
    )
    {
        Rotate(rotation);
        var grant = Server.Grants.Mint(new GrantSeed());
        var replies = await Task.WhenAll(
            Enumerable.Range(0, Callers).Select(_ => Caller.RefreshAsync(grant.RefreshToken!))
        );

        Assert.Equal(succeed, replies.Count(r => r.Status == 200));
        Assert.All(replies.Where(r => r.Status != 200), r => r.MustFail(400, "invalid_grant"));
        var counters = Server.Counters;
        Assert.Equal(succeed, counters.Refreshes);
        Assert.Equal(replays, counters.RefreshReplays);
        Assert.Equal(killed, counters.FamiliesKilled);
        Assert.Equal(Callers, counters.TokenRequests);
        Assert.True(
            replies.Select(r => r["refresh_token"]).Where(t => t is not null).Distinct().Count() <= 1,
            "one successor only"
        );
        var alive = killed == 0;
        Assert.Equal(alive, Server.Grants.Get(grant.GrantId).Alive);
        Assert.Equal(alive ? 200 : 401, (await Caller.GetAsync("/api/me", grant.AccessToken)).Status);
    }

    [Fact]
    public async Task A_chain_of_refreshes_stays_one_family()
    {
        Rotate(RotationBehaviour.Family);
        var token = Server.Grants.Mint(new GrantSeed()).RefreshToken!;
        var first = token;
        for (var i = 0; i < 100; i++)
        {
            token = (await Caller.RefreshAsync(token)).RefreshToken;
        }

        (await Caller.RefreshAsync(first)).MustFail(400, "invalid_grant");
        (await Caller.RefreshAsync(token)).MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task Another_client_cannot_kill_a_family()
    {
        Rotate(RotationBehaviour.Family);
        Server.Clients.Register(new SandboxClient { ClientId = "other", ClientSecret = "other-secret" });
        var grant = Server.Grants.Mint(new GrantSeed());
        var fresh = await Caller.RefreshAsync(grant.RefreshToken!);
        var stolen = await Caller.PostAsync(
            "/oauth/token",
            [
                ("grant_type", "refresh_token"),
                ("refresh_token", grant.RefreshToken),
                ("client_id", "other"),
                ("client_secret", "other-secret"),
            ]
        );
        stolen.MustFail(400, "invalid_grant");
        Assert.Equal(200, (await Caller.RefreshAsync(fresh.RefreshToken)).Status);
    }
}
