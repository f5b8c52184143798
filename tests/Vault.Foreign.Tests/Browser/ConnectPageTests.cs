using System.Net;
using Microsoft.Playwright;
using Vault.TestKit;

namespace Vault.Foreign.Tests.Browser;

/// <summary>The way of a person with a real browser: the vault's page, the provider's consent, the way back.</summary>
public sealed class ConnectPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task A_person_consents_to_less_than_was_asked_and_is_told()
    {
        var organization = await chromium.OrganizationAsync();
        var made = await chromium.LinkAsync(organization);
        await using var ada = await chromium.VisitorAsync();

        await ada.OpenAsync(made["link"]);
        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Connect Sandbox (single-use refresh tokens)");
        var page = await ada.Page.GetByRole(AriaRole.Main).InnerTextAsync();
        Assert.Contains("Weekly Reporter, an agent of Acme Assistant", page, StringComparison.Ordinal);
        Assert.Contains("Acme Corporation", page, StringComparison.Ordinal);
        Assert.Contains("ada@acme.example", page, StringComparison.Ordinal);
        Assert.Contains("items:delete", page, StringComparison.Ordinal);
        await ada.PictureAsync("1-link");

        await ada.Continue.ClickAsync();
        await Assertions.Expect(ada.Allow).ToBeVisibleAsync();
        await ada.Page.Locator("input[name=scope][value='items:delete']").UncheckAsync();
        await ada.PictureAsync("2-consent");
        await ada.Allow.ClickAsync();

        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Connected");
        var result = await ada.Page.GetByRole(AriaRole.Main).InnerTextAsync();
        Assert.Contains("Alice Adams", result, StringComparison.Ordinal);
        Assert.Contains("items:delete", result, StringComparison.Ordinal);
        await ada.PictureAsync("3-connected-with-less");

        var view = await chromium.AccountAsync(organization, made["connected_account_id"]);
        Assert.Equal("ACTIVE", view["status"]);
        Assert.DoesNotContain(
            "items:delete",
            view.Json.GetProperty("granted_scopes").EnumerateArray().Select(s => s.GetString())
        );
        var read = await chromium.Vault.ExecuteAsync(
            organization,
            "ada@acme.example",
            "sandbox_single_use_get_profile"
        );
        Assert.True(read.Status == HttpStatusCode.OK, read.ToString());
        Assert.All(ada.Requests, url => Assert.Equal("127.0.0.1", new Uri(url).Host));
    }

    [Fact]
    public async Task Everything_works_with_the_keyboard_alone()
    {
        var organization = await chromium.OrganizationAsync();
        var made = await chromium.LinkAsync(organization);
        await using var ada = await chromium.VisitorAsync();
        await ada.OpenAsync(made["link"]);

        await ada.Page.Keyboard.PressAsync("Tab");
        await AssertFocusIsVisibleAsync(ada.Continue);
        await ada.PictureAsync("4-link-focus");
        await ada.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(ada.Allow).ToBeVisibleAsync();

        // One stop for the group of identities, in which the arrows move, then one for each scope, then the buttons.
        await ada.Page.Keyboard.PressAsync("Tab");
        await ada.Page.Keyboard.PressAsync("ArrowDown");
        await ada.Page.Keyboard.PressAsync("Tab");
        while (await ada.Page.Locator("input[type=checkbox]:focus").CountAsync() == 1)
            await ada.Page.Keyboard.PressAsync("Tab");
        await AssertFocusIsVisibleAsync(ada.Allow);
        await ada.Page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Connected");
        Assert.Contains(
            "Bob Brown",
            await ada.Page.GetByRole(AriaRole.Main).InnerTextAsync(),
            StringComparison.Ordinal
        );
        Assert.Equal("ACTIVE", (await chromium.AccountAsync(organization, made["connected_account_id"]))["status"]);
    }

    [Fact]
    public async Task A_link_opened_in_one_browser_cannot_be_opened_or_finished_in_another()
    {
        var organization = await chromium.OrganizationAsync();
        var made = await chromium.LinkAsync(organization);
        await using var ada = await chromium.VisitorAsync();
        await using var mallory = await chromium.VisitorAsync();
        await ada.OpenAsync(made["link"]);
        await ada.Continue.ClickAsync();
        await Assertions.Expect(ada.Allow).ToBeVisibleAsync();

        await mallory.OpenAsync(made["link"]);
        await Assertions.Expect(mallory.Heading).ToHaveTextAsync("This link does not work");
        await mallory.PictureAsync("5-opened-elsewhere");

        // What the provider answers is caught on its way to Ada's browser, and brought to the vault from Mallory's.
        var caught = new TaskCompletionSource<string>();
        await ada.Context.RouteAsync("**/oauth/authorize/decision", async route =>
        {
            var redirect = await route.FetchAsync(new() { MaxRedirects = 0 });
            caught.TrySetResult(redirect.Headers["location"]);
            await route.AbortAsync();
        });
        await ada.Allow.ClickAsync();
        var answer = await Eventually.DoneAsync(caught.Task, () => ada.Page.Url);
        await mallory.OpenAsync(answer);
        await Assertions.Expect(mallory.Heading).ToHaveTextAsync("This link does not work");
        Assert.Equal(
            "PENDING_AUTH",
            (await chromium.AccountAsync(organization, made["connected_account_id"]))["status"]
        );

        await ada.Context.UnrouteAllAsync();
        await ada.OpenAsync(answer);
        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Connected");
        Assert.Equal("ACTIVE", (await chromium.AccountAsync(organization, made["connected_account_id"]))["status"]);
    }

    [Fact]
    public async Task Coming_back_after_the_end_shows_that_the_link_has_done_its_work()
    {
        var organization = await chromium.OrganizationAsync();
        var made = await chromium.LinkAsync(organization);
        await using var ada = await chromium.VisitorAsync();
        await ada.OpenAsync(made["link"]);
        await ada.Continue.ClickAsync();
        await ada.Allow.ClickAsync();
        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Connected");

        await ada.Page.ReloadAsync();
        await ada.PictureAsync("6-result-reloaded");
        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Already connected");

        await ada.OpenAsync(made["link"]);
        await ada.PictureAsync("7-link-again");
        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Already connected");

        // Back and back again, to the provider's page; whoever consents there once more learns the same, and nothing
        // changes.
        await Eventually.UntilAsync(
            async () =>
            {
                await ada.Page.GoBackAsync();
                return ada.Page.Url;
            },
            url => url.StartsWith(chromium.Vault.Sandbox.BaseUrl, StringComparison.Ordinal)
        );
        await ada.Allow.ClickAsync();
        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Already connected");
        Assert.Equal("ACTIVE", (await chromium.AccountAsync(organization, made["connected_account_id"]))["status"]);

        await using var eve = await chromium.VisitorAsync();
        await eve.OpenAsync(made["link"]);
        await Assertions.Expect(eve.Heading).ToHaveTextAsync("This link does not work");
    }

    [Fact]
    public async Task The_back_button_before_the_consent_starts_again()
    {
        var organization = await chromium.OrganizationAsync();
        var made = await chromium.LinkAsync(organization);
        await using var ada = await chromium.VisitorAsync();
        await ada.OpenAsync(made["link"]);
        await ada.Continue.ClickAsync();
        await Assertions.Expect(ada.Allow).ToBeVisibleAsync();

        await ada.Page.GoBackAsync();
        await ada.Continue.ClickAsync();
        await ada.Allow.ClickAsync();

        await Assertions.Expect(ada.Heading).ToHaveTextAsync("Connected");
    }

    [Fact]
    public async Task The_browser_goes_back_to_the_application_with_the_result_and_its_state()
    {
        // The sandbox's front page plays the application.
        var home = chromium.Vault.Sandbox.BaseUrl + "/";
        var organization = await chromium.OrganizationAsync(
            new
            {
                client_id = "demo-client",
                client_secret = "demo-secret",
                return_urls = new[] { home },
            }
        );
        await using var ada = await chromium.VisitorAsync();

        foreach (var (button, status) in new[] { ("Allow", "connected"), ("Deny", "denied") })
        {
            var made = await chromium.LinkAsync(organization, new { return_url = home, state = "page 7" });
            await ada.OpenAsync(made["link"]);
            await ada.Continue.ClickAsync();
            await ada.Page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            // Looked at until it is so. Waiting for the navigation instead can wait for a "load" that has been and
            // gone.
            await Assertions
                .Expect(ada.Page)
                .ToHaveURLAsync(
                    new System.Text.RegularExpressions.Regex(
                        "^" + System.Text.RegularExpressions.Regex.Escape(home) + @"\?"
                    )
                );
            await Assertions.Expect(ada.Heading).ToHaveTextAsync("Sandbox provider");

            var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri(ada.Page.Url).Query);
            Assert.Equal(status, query["status"]);
            Assert.Equal("page 7", query["state"]);
            Assert.Equal(made["connected_account_id"], query["connected_account_id"]);
            Assert.DoesNotContain("code", query.Keys);
        }
    }

    private static async Task AssertFocusIsVisibleAsync(ILocator focused)
    {
        await Assertions.Expect(focused).ToBeFocusedAsync();
        var outline = await focused.EvaluateAsync<string>(
            "e => { const s = getComputedStyle(e); return s.outlineStyle + ' ' + parseFloat(s.outlineWidth) }"
        );
        Assert.Matches("^solid ([2-9]|[1-9][0-9])", outline);
    }
}
