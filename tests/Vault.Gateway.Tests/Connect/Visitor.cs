using System.Web;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Connect;

/// <summary>A person with a browser: keeps its cookie and follows what the provider would do.</summary>
internal sealed class Visitor(GatewayHost host)
{
    public string? Cookie { get; set; }

    public string State { get; private set; } = "";

    public Uri Provider { get; private set; } = null!;

    /// <summary>Presses the button of the connect page.</summary>
    public async Task<Reply> OpenAsync(string link, params (string, string)[] headers)
    {
        var reply = await host.SendAsync(
            HttpMethod.Post,
            new Uri(link).PathAndQuery,
            null,
            null,
            [.. Own(), .. headers]
        );
        if ((int)reply.Status != 303)
            return reply;
        Cookie = reply.Cookie;
        Provider = reply.Message.Headers.Location!;
        State = HttpUtility.ParseQueryString(Provider.Query)["state"]!;
        return reply;
    }

    public Task<Reply> ReturnAsync(
        string code = "code-1",
        string? iss = "https://id.acme.example",
        string? state = null,
        string more = ""
    ) =>
        CallbackAsync(
            $"code={code}&state={state ?? State}" + (iss is null ? "" : "&iss=" + Uri.EscapeDataString(iss)) + more
        );

    public Task<Reply> CallbackAsync(string query) =>
        host.SendAsync(HttpMethod.Get, "/oauth/callback?" + query, null, null, Own());

    private (string, string)[] Own() => Cookie is null ? [] : [("Cookie", Cookie)];
}
