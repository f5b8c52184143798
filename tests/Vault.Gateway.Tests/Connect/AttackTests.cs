using Vault.Core.OAuth;

namespace Vault.Gateway.Tests.Connect;

public sealed class AttackTests
{
    [Fact]
    public async Task A_link_cannot_be_finished_in_another_browser_nor_spoiled_by_it()
    {
        await using var scene = await Scene.SetAsync();
        var victim = new Visitor(scene.Host);
        await victim.OpenAsync(await scene.LinkAsync());
        (await new Visitor(scene.Host).ReturnAsync(state: victim.State)).Is(410);
        (
            await new Visitor(scene.Host) { Cookie = "vault_connect=" + new string('A', 43) }.ReturnAsync(
                state: victim.State
            )
        ).Is(410);
        Assert.Empty(scene.Host.Provider.Codes);
        (await victim.ReturnAsync()).Is(200);
    }

    [Fact]
    public async Task Of_two_browsers_that_open_a_link_one_is_told_that_it_is_used()
    {
        await using var scene = await Scene.SetAsync();
        var link = await scene.LinkAsync();
        (await new Visitor(scene.Host).OpenAsync(link)).Is(303);
        (await new Visitor(scene.Host).OpenAsync(link)).Is(410);
    }

    [Fact]
    public async Task A_form_on_another_site_opens_nothing()
    {
        await using var scene = await Scene.SetAsync();
        var link = await scene.LinkAsync();
        (await new Visitor(scene.Host).OpenAsync(link, ("Sec-Fetch-Site", "cross-site"))).Is(403);
        (await new Visitor(scene.Host).OpenAsync(link, ("Sec-Fetch-Site", "same-site"))).Is(403);
        (await new Visitor(scene.Host).OpenAsync(link, ("Origin", "https://evil.example"))).Is(403);
        (await new Visitor(scene.Host).OpenAsync(link, ("Origin", "null"))).Is(403);
        (await new Visitor(scene.Host).OpenAsync(link, ("Origin", "null"), ("Sec-Fetch-Site", "same-origin"))).Is(303);
    }

    [Fact]
    public async Task A_replayed_callback_sends_no_code_again()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync()).Is(200);
        (await visitor.ReturnAsync()).Is(410);
        (await visitor.ReturnAsync("code-2")).Is(410);
        Assert.Single(scene.Host.Provider.Codes);
    }

    [Fact]
    public async Task Of_many_callbacks_at_once_one_exchanges()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        scene.Host.Provider.Exchanging = () =>
        {
            entered.TrySetResult();
            return release.Task;
        };
        var first = visitor.ReturnAsync();
        await Task.WhenAny(entered.Task, first);
        var others = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => visitor.ReturnAsync()));
        release.SetResult();
        (await first).Is(200);
        Assert.All(others, o => o.Is(410));
        Assert.Single(scene.Host.Provider.Codes);
    }

    [Theory]
    [InlineData("https://evil.example", "code=code-1")]
    [InlineData("https://id.acme.example/", "code=code-1")]
    [InlineData("HTTPS://id.acme.example", "code=code-1")]
    [InlineData(null, "code=code-1")]
    [InlineData("https://evil.example", "error=access_denied&error_description=phish-me")]
    [InlineData(null, "error=access_denied&error_description=phish-me")]
    public async Task A_wrong_or_missing_issuer_stops_before_the_code_is_used(string? issuer, string answer)
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        var reply = (
            await visitor.CallbackAsync(
                $"{answer}&state={visitor.State}" + (issuer is null ? "" : "&iss=" + Uri.EscapeDataString(issuer))
            )
        ).Is(410);
        Assert.DoesNotContain("phish-me", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("declined", reply.Text, StringComparison.Ordinal);
        Assert.Empty(scene.Host.Provider.Codes);
        (await visitor.ReturnAsync()).Is(410);
    }

    /// <summary>
    /// RFC 9207 2.4 where the pack knows no issuer: another provider's answer is not taken for this one's, one of its
    /// own is.
    /// </summary>
    [Theory]
    [InlineData("https://evil.example", false)]
    [InlineData("https://accounts.google.com", false)]
    [InlineData("https://acme.example.evil.example", false)]
    [InlineData("not an address", false)]
    [InlineData("https://id.acme.example", true)]
    [InlineData("https://login.acme.example/tenant/1", true)]
    [InlineData(null, true)]
    public async Task An_issuer_nobody_expected_must_be_of_the_provider_the_browser_was_sent_to(
        string? issuer,
        bool taken
    )
    {
        await using var scene = await Scene.SetAsync();
        (scene.Host.Provider.Issuer, scene.Host.Provider.IssuerRequired) = (null, false);
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync(iss: issuer)).Is(taken ? 200 : 410);
        Assert.Equal(taken ? 1 : 0, scene.Host.Provider.Codes.Count);
    }

    [Fact]
    public async Task The_issuer_recorded_at_the_start_counts_not_the_one_of_today()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        scene.Host.Provider.Issuer = "https://evil.example";
        (await visitor.ReturnAsync(iss: "https://evil.example")).Is(410);
        Assert.Empty(scene.Host.Provider.Codes);
    }

    [Theory]
    [InlineData("https://evil.example/done")]
    [InlineData("https://app.example.com/done/")]
    [InlineData("https://app.example.com/done/../evil")]
    [InlineData("https://app.example.com.evil.example/done")]
    [InlineData("https://app.example.com@evil.example/done")]
    [InlineData("https://app.example.com/done#fragment")]
    [InlineData("HTTPS://app.example.com/done")]
    [InlineData("//app.example.com/done")]
    [InlineData("javascript:alert(1)")]
    public async Task A_return_url_that_is_not_registered_is_refused(string url)
    {
        await using var scene = await Scene.SetAsync();
        var reply = (await scene.AskAsync(new { return_url = url })).Is(400, "invalid_request");
        Assert.Equal("return_url", reply.Json["violations"]![0]!["path"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_callback_goes_only_where_the_link_says()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync(new { return_url = "https://app.example.com/done" }));
        var back = (
            await visitor.ReturnAsync(
                more: "&return_url=https%3A%2F%2Fevil.example&redirect_uri=https%3A%2F%2Fevil.example"
            )
        ).Is(303);
        Assert.StartsWith(
            "https://app.example.com/done?status=connected",
            back.Header("Location"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Another_identity_than_expected_is_refused_and_its_tokens_are_revoked()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(
            await scene.LinkAsync(
                new { expected_identity = "bob@acme.example", return_url = "https://app.example.com/done" }
            )
        );
        var back = (await visitor.ReturnAsync()).Is(303);
        Assert.Contains("status=failed", back.Header("Location"), StringComparison.Ordinal);
        Assert.Contains("error=identity_mismatch", back.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("at-secret-1", Assert.Single(scene.Host.Provider.Revoked));
        Assert.Equal("PENDING_AUTH", (await scene.AccountAsync())["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task Not_knowing_who_signed_in_is_not_the_expected_identity()
    {
        await using var scene = await Scene.SetAsync();
        scene.Host.Provider.Identity = new IdentityReply.Unavailable("timeout", null);
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync(new { expected_identity = "u-1" }));
        (await visitor.ReturnAsync()).Is(503);
        Assert.Single(scene.Host.Provider.Revoked);
    }

    [Fact]
    public async Task A_link_ends_after_ten_minutes_and_a_consent_after_ten_more()
    {
        await using var scene = await Scene.SetAsync();
        var (unopened, opened) = (await scene.LinkAsync(), await scene.LinkAsync());
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(opened)).Is(303);
        scene.Host.Time.Advance(TimeSpan.FromMinutes(10));
        (await new Visitor(scene.Host).OpenAsync(unopened)).Is(410);
        (await visitor.ReturnAsync()).Is(410);
        Assert.Empty(scene.Host.Provider.Codes);
    }

    [Fact]
    public async Task A_suspended_organization_connects_nobody()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        var unopened = await scene.LinkAsync();
        (await scene.Host.PostAsync($"/v1/organizations/{scene.Organization}:suspend", new { })).Is(200);
        (await scene.AskAsync()).Is(403, "organization_suspended");
        (await new Visitor(scene.Host).OpenAsync(unopened)).Is(410);
        (await visitor.ReturnAsync()).Is(403);
        Assert.Empty(scene.Host.Provider.Codes);
    }

    [Fact]
    public async Task A_declined_consent_says_so_and_repeats_no_foreign_word()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        var reply = (
            await visitor.CallbackAsync(
                $"error=access_denied&error_description=call+1-900&state={visitor.State}&iss=https%3A%2F%2Fid.acme.example"
            )
        ).Is(424);
        Assert.Contains("declined", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("1-900", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_is_sent_again_only_when_the_provider_certainly_did_not_see_it()
    {
        await using var scene = await Scene.SetAsync();
        scene.Host.Provider.Replies.Enqueue(
            new TokenReply.NotActed("connection_refused", TimeSpan.FromMilliseconds(1))
        );
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync()).Is(200);
        Assert.Equal(["code-1", "code-1"], scene.Host.Provider.Codes);

        scene.Host.Provider.Replies.Enqueue(new TokenReply.MayHaveActed("reply_lost"));
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync("code-2")).Is(502);
        Assert.Equal(3, scene.Host.Provider.Codes.Count);

        scene.Host.Provider.Replies.Enqueue(new TokenReply.NotActed("slow_down", TimeSpan.FromMinutes(5)));
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync("code-3")).Is(503);
        Assert.Equal(4, scene.Host.Provider.Codes.Count);
    }

    [Fact]
    public async Task Parameters_given_twice_are_refused()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        (await visitor.ReturnAsync(more: "&state=other")).Is(400);
        Assert.Empty(scene.Host.Provider.Codes);
        (await visitor.ReturnAsync()).Is(200);
    }
}
