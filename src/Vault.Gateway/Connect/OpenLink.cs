using Microsoft.AspNetCore.Http;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Connect;

/// <summary>The form of the connect page: binds the link to this browser and redirects to the provider.</summary>
internal sealed class OpenLink(ConnectFlow flow, ConnectCookie cookie, PublicAddress address) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/connect/{token}", "openLink", "Continue to the provider")
        {
            Tag = "Connect pages",
            Medium = Medium.Page,
            Success = 303,
            ContentType = "text/html",
            OpenQuery = true,
            Errors =
            [
                ErrorCatalogue.LinkInvalid,
                ErrorCatalogue.PermissionDenied,
                ErrorCatalogue.UpstreamUnavailable,
                ErrorCatalogue.UpstreamRejected,
                ErrorCatalogue.ClientMisconfigured,
                ErrorCatalogue.EgressDenied,
                ErrorCatalogue.DestinationChanged,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        // Prevents login CSRF: a form posted from another site would bind the visitor's browser to the attacker's
        // link, and the visitor's account to the attacker's user.
        if (!IsOwnPage(call.Http.Request))
            return new VaultError(
                ErrorCatalogue.PermissionDenied,
                "This request did not come from the connect page. Open the link and use the button on that page."
            );
        var begun = await flow.BeginAsync(call.Route("token"), cookie.Read(call.Http), cancellationToken);
        return begun.TryGet(out var start, out var error)
            ? new Answer.SeeOther(start.Provider.AbsoluteUri, start.Cookie, start.ExpiresAt)
            : error;
    }

    // Current browsers send Sec-Fetch-Site, and it decides where it is present: the page's no-referrer policy makes
    // its Origin "null".
    private bool IsOwnPage(HttpRequest request)
    {
        if (request.Headers.TryGetValue("Sec-Fetch-Site", out var site))
            return site == "same-origin" || site == "none";
        if (
            !request.Headers.TryGetValue("Origin", out var origin)
            || origin == address.Base.GetLeftPart(UriPartial.Authority)
        )
            return true;
        // A link of a connection with its own redirect URI is opened at that host; the browser sends the host in both
        // headers.
        return Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority == request.Host.Value;
    }
}
