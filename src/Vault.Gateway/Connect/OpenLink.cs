using Microsoft.AspNetCore.Http;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Connect;

/// <summary>The button of the connect page: binds the link to this browser and sends it to the provider.</summary>
internal sealed class OpenLink(ConnectFlow flow, ConnectCookie cookie, PublicAddress address) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/connect/{token}", "openLink", "Go on to the provider")
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
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        // Another site that posts this form would bind the visitor's browser to a link of its own, and the visitor's
        // account to somebody else's user.
        if (!IsOwnPage(call.Http.Request))
            return new VaultError(
                ErrorCatalogue.PermissionDenied,
                "This was not sent from the page of the link. Open the link itself and use its button."
            );
        var begun = await flow.BeginAsync(call.Route("token"), cookie.Read(call.Http), cancellationToken);
        return begun.TryGet(out var start, out var error)
            ? new Answer.SeeOther(start.Provider.AbsoluteUri, start.Cookie, start.ExpiresAt)
            : error;
    }

    // Every browser of today says where a request comes from. The page's no-referrer policy makes its Origin "null", so
    // Sec-Fetch-Site is what counts where it is sent.
    private bool IsOwnPage(HttpRequest request)
    {
        if (request.Headers.TryGetValue("Sec-Fetch-Site", out var site))
            return site == "same-origin" || site == "none";
        if (
            !request.Headers.TryGetValue("Origin", out var origin)
            || origin == address.Base.GetLeftPart(UriPartial.Authority)
        )
            return true;
        // A link of a connection with a redirect URI of its own is opened at that host, as the browser says in both
        // headers.
        return Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority == request.Host.Value;
    }
}
