using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Sealing;
using Vault.Gateway.Http;

namespace Vault.Gateway.Connect;

/// <summary>The redirect URI: the provider sends the browser here after the consent.</summary>
internal sealed class Callback(ConnectCallback callback, ConnectCookie cookie) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/oauth/callback", "oauthCallback", "The provider's response to a consent")
        {
            Tag = "Connect pages",
            Medium = Medium.Page,
            ContentType = "text/html",
            OpenQuery = true,
            AllowsHead = false,
            Errors =
            [
                ErrorCatalogue.LinkInvalid,
                ErrorCatalogue.IdentityMismatch,
                ErrorCatalogue.ReauthRequired,
                ErrorCatalogue.UpstreamRejected,
                ErrorCatalogue.UpstreamUnavailable,
                ErrorCatalogue.OutcomeUnknown,
                ErrorCatalogue.OrganizationSuspended,
                ErrorCatalogue.InvalidRequest,
                ErrorCatalogue.ConnectionUnknown,
                ErrorCatalogue.Conflict,
                ErrorCatalogue.DestinationChanged,
            ],
            Query =
            [
                Field.Text("state", "As sent to the provider."),
                Field.Text("code", "The authorization code.") with
                {
                    MaxLength = 8192,
                    WriteOnly = true,
                },
                Field.Text("iss", "The issuer (RFC 9207).") with
                {
                    MaxLength = 2048,
                },
                Field.Text("error", "Why there is no code (RFC 6749 4.1.2.1)."),
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        // error_description and error_uri are not read: anybody can put text into this URL.
        using var code = call.Query.Text("code") is { Length: > 0 } text ? Secret.From(text) : null;
        var query = new CallbackQuery(
            call.Query.Text("state"),
            code,
            call.Query.Text("error"),
            call.Query.Text("iss"),
            cookie.Read(call.Http),
            Others(call)
        );
        var result = await callback.FinishAsync(query, cancellationToken);
        if (result.ReturnTo is { } url)
            return new Answer.SeeOther(url);
        return result.Error is { } error ? error : new Answer.Page(200, Render(result));
    }

    /// <summary>
    /// Size-limited. A repeated parameter is left out: one value could be checked and the other one used.
    /// </summary>
    private static Dictionary<string, string> Others(Call call) =>
        call
            .Http.Request.Query.Where(p => p.Value.Count == 1 && p.Key.Length <= 64 && p.Value[0]!.Length <= 8192)
            .Take(64)
            .ToDictionary(p => p.Key, p => p.Value[0]!, StringComparer.Ordinal);

    private static string Render(ConnectResult result)
    {
        var signedIn = result.Identity is { } who
            ? $" as <strong>{Html.Text(who.DisplayName ?? who.Email ?? who.Subject)}</strong>"
            : "";
        var missing =
            result.MissingScopes.Length == 0
                ? ""
                : "<p class=\"note\">Some of the requested scopes were not granted, so parts of the application "
                    + "may not work: "
                    + string.Join(", ", result.MissingScopes.Select(s => $"<code>{Html.Text(s)}</code>"))
                    + "</p>\n";
        return Html.Page(
            "Connected",
            $"<p>Your {Html.Text(result.ProviderName)} account is connected{signedIn}.</p>\n{missing}<p>You can "
                + "close this page and go back to the application.</p>"
        );
    }
}
