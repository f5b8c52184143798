using System.Net;
using System.Text.RegularExpressions;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// A person with a browser, as far as cookies, redirects and forms go; a real one is driven in the browser tests.
/// </summary>
internal sealed class Browser : IDisposable
{
    private readonly HttpClient _http = new(
        new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }
    );

    /// <summary>
    /// Opens a link, goes on to the provider, consents there, and comes back; answers the final page or the URL it was
    /// sent to outside.
    /// </summary>
    public async Task<(HttpStatusCode Status, string Page, Uri Last)> ConsentAsync(
        string link,
        string identity = "alice",
        string extra = ""
    ) => await ConsentedAsync(await BeginAsync(link), identity, extra);

    /// <summary>Opens a link; answers the provider's page that it goes on to.</summary>
    public async Task<Uri> BeginAsync(string link)
    {
        var page = await _http.GetAsync(new Uri(link));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var begun = await _http.PostAsync(new Uri(link), null);
        Assert.True(begun.StatusCode == HttpStatusCode.SeeOther, await begun.Content.ReadAsStringAsync());
        return begun.Headers.Location!;
    }

    /// <summary>Consents on the provider's page and comes back.</summary>
    public async Task<(HttpStatusCode Status, string Page, Uri Last)> ConsentedAsync(
        Uri provider,
        string identity = "alice",
        string extra = ""
    )
    {
        var consented = await _http.GetAsync(new Uri($"{provider}&auto=approve&identity={identity}{extra}"));
        return await FollowAsync(
            consented.Headers.Location
                ?? throw new InvalidOperationException(await consented.Content.ReadAsStringAsync())
        );
    }

    public async Task<(HttpStatusCode Status, string Page, Uri Last)> FollowAsync(Uri url)
    {
        var response = await _http.GetAsync(url);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Location ?? url);
    }

    public static string Heading(string page) => Regex.Match(page, "<h1[^>]*>([^<]*)").Groups[1].Value;

    public void Dispose() => _http.Dispose();
}
