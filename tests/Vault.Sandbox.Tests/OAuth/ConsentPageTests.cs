using System.Net;
using System.Text.RegularExpressions;

namespace Vault.Sandbox.Tests.OAuth;

public sealed partial class ConsentPageTests : SandboxFixture
{
    [Fact]
    public async Task The_page_is_plain_labelled_html_that_nobody_can_frame()
    {
        using var response = await Caller.Http.GetAsync(SandboxCaller.AuthorizeUrl(("login_hint", "bob")));
        var html = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("<html lang=\"en\">", html, StringComparison.Ordinal);
        Assert.Contains("Demo application asks for access", html, StringComparison.Ordinal);
        Assert.Contains("value=\"bob\" checked", html, StringComparison.Ordinal);
        Assert.Contains("development only", html, StringComparison.Ordinal);
        Assert.Contains(
            "frame-ancestors 'none'",
            response.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Unticked_scopes_are_not_granted_and_the_chosen_identity_signs_in()
    {
        var landing = await DecideAsync(
            await OpenAsync(),
            ("decision", "allow"),
            ("identity", "bob"),
            ("scope", "profile"),
            ("scope", "items:read")
        );
        Assert.Equal(Server.BaseUrl, landing["iss"]);
        var tokens = await Caller.ExchangeAsync(landing["code"]);
        Assert.Equal("profile items:read", tokens["scope"]);
        Assert.Equal("bob", (await Caller.GetAsync("/api/me", tokens.AccessToken))["id"]);
    }

    [Fact]
    public async Task A_scope_that_was_not_asked_for_cannot_be_ticked_in()
    {
        var landing = await DecideAsync(
            await OpenAsync(),
            ("decision", "allow"),
            ("scope", "profile"),
            ("scope", "items:delete")
        );
        Assert.Equal("profile", (await Caller.ExchangeAsync(landing["code"]))["scope"]);
    }

    [Fact]
    public async Task Deny_tells_the_client_with_issuer_and_state()
    {
        var landing = await DecideAsync(await OpenAsync(), ("decision", "deny"), ("scope", "profile"));
        Assert.Equal("access_denied", landing["error"]);
        Assert.Equal(Server.BaseUrl, landing["iss"]);
        Assert.Equal("st-1", landing["state"]);
        Assert.False(landing.ContainsKey("code"));
    }

    [Fact]
    public async Task Allowing_nothing_is_asked_again()
    {
        var transaction = await OpenAsync();
        var again = await Caller.PostAsync(
            "/oauth/authorize/decision",
            [("transaction", transaction), ("decision", "allow")]
        );
        Assert.Equal(400, again.Status);
        Assert.Contains("Tick at least one", again.Text, StringComparison.Ordinal);
        Assert.True((await DecideAsync(transaction, ("decision", "allow"), ("scope", "profile"))).ContainsKey("code"));
    }

    [Fact]
    public async Task A_decision_counts_once_and_not_after_ten_minutes()
    {
        var transaction = await OpenAsync();
        await DecideAsync(transaction, ("decision", "allow"), ("scope", "profile"));
        Assert.Equal(
            400,
            (
                await Caller.PostAsync(
                    "/oauth/authorize/decision",
                    [("transaction", transaction), ("decision", "allow"), ("scope", "profile")]
                )
            ).Status
        );

        var late = await OpenAsync();
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(
            400,
            (
                await Caller.PostAsync(
                    "/oauth/authorize/decision",
                    [("transaction", late), ("decision", "allow"), ("scope", "profile")]
                )
            ).Status
        );
    }

    [Fact]
    public async Task A_client_with_auto_consent_sees_no_page()
    {
        Server.Clients.Update("demo-client", c => c with { AutoConsent = true, AutoConsentSubject = "carol" });
        using var response = await Caller.Http.GetAsync(SandboxCaller.AuthorizeUrl());
        var tokens = await Caller.ExchangeAsync(SandboxCaller.Landing(response)["code"]);
        Assert.Equal("carol", (await Caller.GetAsync("/api/me", tokens.AccessToken))["id"]);
    }

    [Fact]
    public async Task What_comes_from_outside_is_encoded()
    {
        Server.Clients.Update("demo-client", c => c with { Name = "<b>App</b>" });
        var html = await Caller.Http.GetStringAsync(SandboxCaller.AuthorizeUrl(("state", "\"><script>")));
        Assert.DoesNotContain("<b>App", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
    }

    private async Task<string> OpenAsync() =>
        Transaction().Match(await Caller.Http.GetStringAsync(SandboxCaller.AuthorizeUrl())).Groups[1].Value;

    private async Task<Dictionary<string, string>> DecideAsync(
        string transaction,
        params (string Name, string Value)[] choices
    )
    {
        using var content = new FormUrlEncodedContent(
            choices.Append(("transaction", transaction)).Select(c => KeyValuePair.Create(c.Item1, c.Item2))
        );
        using var response = await Caller.Http.PostAsync("/oauth/authorize/decision", content);
        return SandboxCaller.Landing(response);
    }

    [GeneratedRegex("name=\"transaction\" value=\"([^\"]+)\"")]
    private static partial Regex Transaction();
}
