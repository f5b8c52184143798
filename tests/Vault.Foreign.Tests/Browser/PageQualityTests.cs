using Microsoft.Playwright;

namespace Vault.Foreign.Tests.Browser;

/// <summary>Every page of the vault that a person can meet is accessible, keeps to itself and fits a phone.</summary>
public sealed class PageQualityTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly string[] Pages =
    [
        "link",
        "bare link",
        "connected",
        "not connected",
        "link that does not work",
    ];

    public static TheoryData<string> Names => [.. Pages];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_page_has_all_that_assistive_technology_needs_nothing_from_elsewhere_and_fits_a_phone(
        string name
    )
    {
        await using var ada = await chromium.VisitorAsync();
        var response = await ReachAsync(ada, name);

        Assert.Equal("en", await ada.Page.Locator("html").GetAttributeAsync("lang"));
        var heading = Assert.Single(
            await ada.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).AllInnerTextsAsync()
        );
        Assert.Equal(heading, await ada.Page.TitleAsync());
        Assert.Equal(1, await ada.Page.GetByRole(AriaRole.Main).CountAsync());
        Assert.Empty(await ada.BarriersAsync());

        var headers = await response.AllHeadersAsync();
        Assert.Contains("default-src 'none'", headers["content-security-policy"], StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", headers["content-security-policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", headers["content-security-policy"], StringComparison.Ordinal);
        Assert.Equal("no-store", headers["cache-control"]);
        Assert.Equal("no-referrer", headers["referrer-policy"]);
        Assert.Equal("nosniff", headers["x-content-type-options"]);
        Assert.All(ada.Requests, url => Assert.Equal("127.0.0.1", new Uri(url).Host));
        Assert.Equal(0, await ada.Page.Locator("script, img, link, iframe").CountAsync());
        Assert.NotEqual(
            "rgba(0, 0, 0, 0)",
            await ada.Page.Locator("body").EvaluateAsync<string>("b => getComputedStyle(b).backgroundColor")
        );
        await ada.PictureAsync("page-" + name.Replace(' ', '-'));

        // A narrow phone in the dark. WCAG 2.2, 1.4.10: no scrolling in two directions at 320 pixels.
        await ada.Page.SetViewportSizeAsync(320, 568);
        await ada.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        Assert.True(await ada.Page.EvaluateAsync<bool>("matchMedia('(prefers-color-scheme: dark)').matches"));
        Assert.True(await ada.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 320"));
        Assert.Empty(await ada.BarriersAsync());
        await ada.PictureAsync("page-" + name.Replace(' ', '-') + "-narrow-dark");
    }

    private async Task<IResponse> ReachAsync(Visitor ada, string name)
    {
        var organization = await chromium.OrganizationAsync();
        if (name == "link that does not work")
            return (await ada.OpenAsync(chromium.Origin + "/connect/" + new string('A', 43)))!;
        var made = await chromium.LinkAsync(
            organization,
            name == "bare link"
                ? new { }
                : new { agent_name = "Weekly Reporter", expected_identity = "alice@sandbox.example" }
        );
        var page = (await ada.OpenAsync(made["link"]))!;
        if (name.EndsWith("link", StringComparison.Ordinal))
            return page;
        await ada.Continue.ClickAsync();
        var answer = ada.Page.WaitForResponseAsync(chromium.Origin + "/oauth/callback?*");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = name == "connected" ? "Allow" : "Deny" }).ClickAsync();
        await Assertions
            .Expect(ada.Page)
            .ToHaveURLAsync(
                new System.Text.RegularExpressions.Regex(
                    "^" + System.Text.RegularExpressions.Regex.Escape(chromium.Origin) + @"/oauth/callback\?"
                )
            );
        return await answer;
    }
}
