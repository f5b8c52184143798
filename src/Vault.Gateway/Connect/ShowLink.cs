using System.Text;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Connect;

/// <summary>
/// The connect page: it shows who requests which access. It changes nothing, because mail scanners and chat previews
/// open links too.
/// </summary>
internal sealed class ShowLink(ConnectFlow flow, ConnectCookie cookie) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/connect/{token}", "showLink", "The connect page of a link")
        {
            Tag = "Connect pages",
            Medium = Medium.Page,
            ContentType = "text/html",
            OpenQuery = true,
            Errors = [ErrorCatalogue.LinkInvalid],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var described = await flow.DescribeAsync(call.Route("token"), cookie.Read(call.Http), cancellationToken);
        return described.TryGet(out var page, out var error) ? new Answer.Page(200, Render(page)) : error;
    }

    private static string Render(LinkPage page)
    {
        var app = page.AppName ?? page.OrganizationName;
        var who = page.AgentName is { } agent
            ? $"<strong>{Html.Text(agent)}</strong>, an agent of {Html.Text(app)},"
            : $"<strong>{Html.Text(app)}</strong>";
        var behalf =
            app == page.OrganizationName ? "" : $" on behalf of <strong>{Html.Text(page.OrganizationName)}</strong>";
        var provider = Html.Text(page.ProviderName);
        var body = new StringBuilder();
        body.Append(
            $"<p>{who} asks to use your {provider} account{behalf}. {Html.Text(page.OrganizationName)} knows you "
                + $"as <code>{Html.Text(page.User)}</code>.</p>\n"
        );
        if (page.Scopes.Length > 0)
        {
            body.Append("<h2>Requested access</h2>\n<ul>\n");
            foreach (var scope in page.Scopes)
                body.Append($"<li><code>{Html.Text(scope)}</code></li>\n");
            body.Append("</ul>\n");
        }

        if (page.ExpectedIdentity is { } expected)
            body.Append($"<p>Sign in at {provider} as <strong>{Html.Text(expected)}</strong>.</p>\n");
        body.Append($"<form method=\"post\"><button type=\"submit\">Continue to {provider}</button></form>\n");
        body.Append(
            $"<p class=\"note\">You will sign in at {provider}, not here. Your password is never seen here, and "
                + "you can withdraw the access at any time. If you did not expect this, close the page; nothing "
                + "has been connected.</p>"
        );
        return Html.Page($"Connect {page.ProviderName}", body.ToString());
    }
}
