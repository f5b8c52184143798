using System.Text;
using Vault.Sandbox.Clients;
using Vault.Sandbox.OAuth;

namespace Vault.Sandbox.Pages;

/// <summary>The consent page: the client, its scopes, the identities, and two buttons.</summary>
internal static class ConsentPage
{
    public static Task WriteAsync(
        HttpContext context,
        AuthorizeRequest request,
        string transaction,
        IdentityBook identities,
        string? problem
    )
    {
        var app = PageLayout.Text(request.Client.Name.Length > 0 ? request.Client.Name : request.Client.ClientId);
        var html = new StringBuilder();
        html.Append($"<h1>{app} asks for access to your sandbox account</h1>\n");
        if (problem is not null)
        {
            html.Append($"<p class=\"problem\" role=\"alert\">{PageLayout.Text(problem)}</p>\n");
        }

        html.Append("<form method=\"post\" action=\"/oauth/authorize/decision\">\n");
        html.Append($"<input type=\"hidden\" name=\"transaction\" value=\"{PageLayout.Text(transaction)}\">\n");
        html.Append("<fieldset><legend>Sign in as</legend>\n");
        var chosen = identities.Listed.FirstOrDefault(i =>
            i.Subject == request.LoginHint || i.Email == request.LoginHint
        ) ?? identities.Listed[0];
        foreach (var identity in identities.Listed)
        {
            var check = identity == chosen ? " checked" : "";
            html.Append(
                $"<label><input type=\"radio\" name=\"identity\" value=\"{PageLayout.Text(identity.Subject)}\"{check}> "
            );
            html.Append($"{PageLayout.Text(identity.Name)} ({PageLayout.Text(identity.Email)})</label>\n");
        }

        html.Append("</fieldset>\n<fieldset><legend>Allow it to</legend>\n");
        foreach (var scope in request.Scopes)
        {
            html.Append($"<label><input type=\"checkbox\" name=\"scope\" value=\"{PageLayout.Text(scope)}\" checked> ");
            html.Append(
                $"{PageLayout.Text(SandboxScopes.Describe(scope))} <code>{PageLayout.Text(scope)}</code></label>\n"
            );
        }

        html.Append("</fieldset>\n");
        html.Append(
            $"<p class=\"note\">You will be sent back to <code>{PageLayout.Text(request.RedirectUri)}</code>.</p>\n"
        );
        html.Append("<button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\n");
        html.Append("<button type=\"submit\" name=\"decision\" value=\"deny\" class=\"second\">Deny</button>\n</form>");
        return PageLayout.WriteAsync(context, problem is null ? 200 : 400, "Allow access?", html.ToString());
    }
}
