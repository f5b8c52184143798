using Vault.Core.Accounts;
using Vault.Core.Consent;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>An error as a page for a person: what happened and what to do next.</summary>
internal static class ErrorPage
{
    public static string For(VaultError error, string requestId)
    {
        var (title, next) = Advise(error);
        if (error.StatusReason == LinkErrors.AlreadyConnected)
            return Html.Page(title, $"<p>{Html.Text(Sentence(error))}</p>\n<p>{Html.Text(next)}</p>");
        // The return URL of the link, registered by the operator.
        var back = error is { StatusReason: LinkErrors.ExpiredReason, ReconnectUrl: { } url }
            ? $"<p><a href=\"{Html.Text(url)}\">Go back to the application</a></p>\n"
            : "";
        return Html.Page(
            title,
            $"<p>{Html.Text(Sentence(error))}</p>\n<p>{Html.Text(next)}</p>\n{back}<p class=\"note\">If you ask for "
                + $"help, quote this request id: <code>{Html.Text(requestId)}</code></p>"
        );
    }

    private static (string Title, string Next) Advise(VaultError error)
    {
        if (error.StatusReason == LinkErrors.AlreadyConnected)
            return ("Already connected", "You can close this page and go back to the application.");
        if (error.StatusReason == LinkErrors.ExpiredReason)
            return (
                "This link has expired",
                "Links work for a few minutes, so that nobody can use one that lies around. Ask the application, or the "
                    + "agent that sent it, for a new one and open it at once."
            );
        if (error.StatusReason == LinkErrors.UnderWayReason)
            return ("Connecting", "Wait a few seconds, then reload this page.");
        if (error.StatusReason == StatusReason.ConsentInterrupted)
            return (
                "Connecting was interrupted",
                "Open the link again in this browser, or go back to the application and ask for a new one."
            );
        if (error.StatusReason == "access_denied")
            return ("Not connected", "If you change your mind, go back to the application and start again.");
        if (error.Code == ErrorCatalogue.LinkInvalid)
            return (
                "This link does not work",
                "Go back to the application that sent you here and ask for a new link. Open it in the browser you "
                    + "want to use."
            );
        if (error.Code == ErrorCatalogue.IdentityMismatch)
            return (
                "You signed in with another account",
                "Sign out at the provider, go back to the application, and start again with the account it expects."
            );
        if (error.Code == ErrorCatalogue.OrganizationSuspended)
            return ("Connecting is not possible now", "Ask the administrator of the application.");
        if (error.Code == ErrorCatalogue.RateLimited)
            return ("Too many requests", "Wait a moment, then open the link again.");
        if (
            error.Code == ErrorCatalogue.StoreUnavailable
            || error.Code == ErrorCatalogue.KeysUnavailable
            || error.Code == ErrorCatalogue.ClusterUnavailable
        )
            return ("The service is not available", "Wait a moment, then reload this page.");
        if (error.Code.CanRetry)
            return (
                "The provider cannot be reached",
                "Wait a few minutes, then go back to the application and start again."
            );
        return (
            "Not connected",
            "Go back to the application that sent you here and start again. If it happens again, contact its "
                + "administrator."
        );
    }

    // Only messages from our own catalogue reach the page, never text from a provider or a caller.
    private static string Sentence(VaultError error) =>
        error.Code.Kind == ErrorKind.Internal || error.Code == ErrorCatalogue.InvalidRequest
            ? "The request was not valid, and nothing was connected."
            : error.Detail;
}
