using System.Net;
using System.Text.RegularExpressions;

namespace Vault.Foreign.Tests.Provider;

/// <summary>
/// What a person's browser does on plain pages: keeps cookies, follows redirects one by one, posts the form it sees.
/// </summary>
public sealed partial class PlainBrowser : IDisposable
{
    private const int MaxRedirects = 20;

    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _http;

    public PlainBrowser() =>
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = _cookies });

    public Uri At { get; private set; } = new("about:blank");

    public HttpStatusCode Status { get; private set; }

    public string Page { get; private set; } = "";

    public string Heading => WebUtility.HtmlDecode(HeadingText().Match(Page).Groups[1].Value);

    public Task OpenAsync(string url) => GoAsync(new Uri(url), null);

    public Task OpenAsync(Uri url) => GoAsync(url, null);

    /// <summary>Fills in and sends the page's only form, hidden fields included.</summary>
    public Task SubmitAsync(params (string Name, string Value)[] typed)
    {
        var form = FormElement().Match(Page);
        Assert.True(form.Success, $"there is no form at {At}: {Page}");
        Assert.Equal(
            "post",
            Attribute(form.Value[..(form.Value.IndexOf('>', StringComparison.Ordinal) + 1)], "method")
        );
        var action = Attribute(form.Value, "action") is { Length: > 0 } named ? new Uri(At, named) : At;
        var fields = HiddenField()
            .Matches(form.Value)
            .Select(m => (Name: Attribute(m.Value, "name"), Value: Attribute(m.Value, "value")));
        return GoAsync(action, [.. fields, .. typed]);
    }

    /// <summary>Follows the page's only link.</summary>
    public Task FollowLinkAsync()
    {
        var link = Link().Match(Page);
        Assert.True(link.Success, $"there is no link at {At}: {Page}");
        return GoAsync(new Uri(At, Attribute(link.Value, "href")), null);
    }

    public void Dispose() => _http.Dispose();

    private async Task GoAsync(Uri url, (string Name, string Value)[]? form)
    {
        for (var i = 0; i < MaxRedirects; i++)
        {
            using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, url);
            if (form is not null)
                request.Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
            using var response = await _http.SendAsync(request);
            (At, Status, Page) = (url, response.StatusCode, await response.Content.ReadAsStringAsync());
            if (response.Headers.Location is not { } location)
                return;
            (url, form) = (new Uri(url, location), null);
        }

        Assert.Fail($"more than {MaxRedirects} redirects, the last to {url}");
    }

    private static string Attribute(string tag, string name) =>
        WebUtility.HtmlDecode(Regex.Match(tag, $"\\b{name}=\"([^\"]*)\"").Groups[1].Value);

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex FormElement();

    [GeneratedRegex("<input[^>]*type=\"hidden\"[^>]*>")]
    private static partial Regex HiddenField();

    [GeneratedRegex("<a [^>]*href=[^>]*>")]
    private static partial Regex Link();

    [GeneratedRegex("<h1>(.*?)</h1>", RegexOptions.Singleline)]
    private static partial Regex HeadingText();
}
