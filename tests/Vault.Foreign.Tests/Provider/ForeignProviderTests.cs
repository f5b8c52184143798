using System.Net;
using Vault.TestKit;

namespace Vault.Foreign.Tests.Provider;

/// <summary>
/// A provider that nobody here wrote, known to the vault by a file of data. It revokes the whole grant when a used
/// refresh token is presented again, so every further refresh that succeeds proves that none was.
/// </summary>
public sealed class ForeignProviderTests
{
    private const int Callers = 50;

    [Fact]
    public async Task It_connects_executes_refreshes_with_rotation_and_revokes()
    {
        await using var world = await ForeignWorld.StartAsync();
        var account = await world.ConnectAsync();

        var view = await world.AccountAsync(account);
        Assert.Equal("ACTIVE", view["status"]);
        Assert.Equal("grace@elsewhere.example", view.Json.GetProperty("identity").GetProperty("email").GetString());
        Assert.Equal(
            ["email", "offline_access", "openid", "profile"],
            view.Json.GetProperty("granted_scopes").EnumerateArray().Select(s => s.GetString()).Order()
        );
        await AssertProfileAsync(world);

        const int Rounds = 6;
        for (var i = 0; i < Rounds; i++)
        {
            // In turn: the API refuses the token that has run out, and the customer asks.
            if (i % 2 == 0)
                await world.Provider.MoveClockAsync(seconds: 700);
            else
                Assert.Equal(
                    HttpStatusCode.OK,
                    (
                        await world.Vault.PostAsync(
                            $"/v1/connected_accounts/{account}:refresh",
                            new { organization_id = world.Organization }
                        )
                    ).Status
                );
            await AssertProfileAsync(world);
        }

        var seen = await world.Provider.SeenAsync();
        Assert.Equal(1 + Rounds, seen.TokenRequests);
        Assert.Equal(Rounds, seen.Refreshes);
        Assert.Equal(0, seen.GrantsRevoked);
        Assert.Empty(seen.Errors);
        Assert.Equal(1 + Rounds, seen.Issued.Select(i => i.RefreshToken).Distinct().Count());
        Assert.True(await world.Provider.IsActiveAsync(seen.Issued[^1].AccessToken));
        Assert.True(await world.Provider.IsActiveAsync(seen.Issued[^1].RefreshToken));

        var receipt = await world.Vault.PostAsync(
            $"/v1/connected_accounts/{account}:revoke",
            new { organization_id = world.Organization }
        );

        Assert.Equal("confirmed", receipt["provider"]);
        foreach (var issued in seen.Issued)
        {
            Assert.False(await world.Provider.IsActiveAsync(issued.RefreshToken));
            Assert.False(await world.Provider.IsActiveAsync(issued.AccessToken));
        }

        Assert.Equal("auth_revoked", (await world.ExecuteAsync()).Code);
        Assert.Equal(1 + Rounds, (await world.Provider.SeenAsync()).TokenRequests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fifty_executions_on_an_expired_token_cause_one_refresh(bool vaultKnows)
    {
        await using var world = await ForeignWorld.StartAsync();
        if (vaultKnows)
            await world.Provider.SetAccessLifetimeAsync(seconds: 2);
        var account = await world.ConnectAsync();
        await world.Provider.SetAccessLifetimeAsync(seconds: 600);
        var first = Assert.Single((await world.Provider.SeenAsync()).Issued);

        // Either both clocks pass the seconds that the token lives, or only the provider's: then fifty calls learn it
        // from a 401 each.
        if (!vaultKnows)
            await world.Provider.MoveClockAsync(seconds: 700);
        var knownEnd = DateTimeOffset.Parse(
            (await world.AccountAsync(account))["expires_at"],
            System.Globalization.CultureInfo.InvariantCulture
        );
        await Eventually.UntilAsync(
            () => world.Provider.IsActiveAsync(first.AccessToken),
            active => !active && (!vaultKnows || DateTimeOffset.UtcNow >= knownEnd)
        );
        Assert.Equal(vaultKnows, DateTimeOffset.UtcNow >= knownEnd);

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => world.ExecuteAsync()));

        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.ToString()));
        var seen = await world.Provider.SeenAsync();
        Assert.Equal(2, seen.TokenRequests);
        Assert.Equal(1, seen.Refreshes);
        Assert.Equal(0, seen.GrantsRevoked);
        Assert.True(await world.Provider.IsActiveAsync(seen.Issued[^1].RefreshToken));
    }

    [Fact]
    public async Task A_grant_that_died_there_is_told_and_healed_by_a_new_consent_to_the_same_account()
    {
        await using var world = await ForeignWorld.StartAsync();
        var account = await world.ConnectAsync();
        await world.Provider.MoveClockAsync(seconds: 700);
        await AssertProfileAsync(world);

        // Somebody presents the used token: the provider kills the grant. This also shows that it would have punished
        // the vault for the same.
        var issued = (await world.Provider.SeenAsync()).Issued;
        var replay = await world.Provider.PresentAsync(issued[0].RefreshToken);
        Assert.Equal("invalid_grant", replay["error"]);
        Assert.Equal(1, (await world.Provider.SeenAsync()).GrantsRevoked);

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => world.ExecuteAsync()));

        Assert.All(answers, a =>
        {
            Assert.True(a.Status == (HttpStatusCode)424 && a.Code == "auth_revoked", a.ToString());
            Assert.NotEmpty(a["status_reason"]);
            Assert.Equal("false", a["can_retry"]);
        });
        Assert.Equal(4, (await world.Provider.SeenAsync()).TokenRequests);
        Assert.Equal("REQUIRES_REAUTH", (await world.AccountAsync(account))["status"]);

        using var browser = new PlainBrowser();
        await world.ConsentAsync(browser, answers[0]["reconnect_url"], "grace");

        Assert.Equal("ACTIVE", (await world.AccountAsync(account))["status"]);
        await AssertProfileAsync(world);
    }

    [Fact]
    public async Task Saying_no_at_the_provider_connects_nothing()
    {
        await using var world = await ForeignWorld.StartAsync();
        var made = await world.LinkAsync();
        using var browser = new PlainBrowser();
        await world.ReachProviderAsync(browser, made["link"]);

        await browser.FollowLinkAsync();

        Assert.Equal(
            new Uri(new Uri(world.Vault.Hosts[0].Url), "/oauth/callback").AbsolutePath,
            browser.At.AbsolutePath
        );
        Assert.Equal("Not connected", browser.Heading);
        Assert.Equal("PENDING_AUTH", (await world.AccountAsync(made["connected_account_id"]))["status"]);
        Assert.Equal("account_not_connected", (await world.ExecuteAsync()).Code);
        Assert.Equal(0, (await world.Provider.SeenAsync()).TokenRequests);
    }

    private static async Task AssertProfileAsync(ForeignWorld world)
    {
        var answer = await world.ExecuteAsync();
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal("succeeded", answer["outcome"]);
        Assert.Equal("grace", answer.Json.GetProperty("data").GetProperty("sub").GetString());
    }
}
