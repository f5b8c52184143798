using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;

namespace Vault.Core.Consent;

/// <summary>The errors of links that cannot be used.</summary>
public static class LinkErrors
{
    /// <summary>
    /// The reason when the browser that completed a link returns to it: a reload, the back button, the link opened
    /// again.
    /// </summary>
    public const string AlreadyConnected = "already_connected";

    /// <summary>
    /// Returned only to the browser that connected the account; for any other browser a completed link is an unknown
    /// one.
    /// </summary>
    public static VaultError Done() =>
        new(ErrorCatalogue.LinkInvalid, "This link is completed: your account is connected.")
        {
            StatusReason = AlreadyConnected,
        };

    /// <summary>The reason while the code is being exchanged.</summary>
    public const string UnderWayReason = "consent_under_way";

    /// <summary>Returned only to the browser that came back from the provider.</summary>
    public static VaultError UnderWay() =>
        new(ErrorCatalogue.LinkInvalid, "The provider's response is being processed.")
        {
            StatusReason = UnderWayReason,
        };

    /// <summary>
    /// Returned only to the browser that came back from the provider. The code is not sent again, whatever its state.
    /// </summary>
    public static VaultError Interrupted() =>
        new(
            ErrorCatalogue.OutcomeUnknown,
            "Connecting was interrupted, and it is not known whether the provider created a grant."
        )
        {
            StatusReason = StatusReason.ConsentInterrupted,
        };

    /// <summary>The reason after the link's time.</summary>
    public const string ExpiredReason = "link_expired";

    /// <summary>
    /// Returned for a link that was not opened in time, and to the browser that opened it and took too long. The way on
    /// leads back to the application, because only it may make another link: an old one that somebody found must not
    /// come to life again.
    /// </summary>
    public static VaultError Expired(LinkSession link)
    {
        ArgumentNullException.ThrowIfNull(link);
        return new VaultError(ErrorCatalogue.LinkInvalid, "This link has expired. Nothing was connected.")
        {
            StatusReason = ExpiredReason,
            ReconnectUrl = ReturnTo(link, "expired", ErrorCatalogue.LinkInvalid.Code, []),
        };
    }

    /// <summary>The registered return URL of a link with the result; null when the link has none.</summary>
    public static string? ReturnTo(LinkSession link, string status, string? error, ImmutableArray<string> missing)
    {
        ArgumentNullException.ThrowIfNull(link);
        return link.Request.ReturnUrl is not { } url
            ? null
            : WebAddress.With(
                url,
                ("status", status),
                ("connected_account_id", link.Account.Value),
                ("error", error),
                ("missing_scopes", missing.Length == 0 ? null : string.Join(' ', missing)),
                ("state", link.Request.CallerState)
            );
    }

    public static VaultError Used() =>
        new(ErrorCatalogue.LinkInvalid, "This link was used, has expired, or was opened in another browser.");

    /// <summary>For the callback: an unknown state and a foreign browser get the same error.</summary>
    public static VaultError Lost() =>
        new(ErrorCatalogue.LinkInvalid, "This page was opened without its link, in another browser, or a second time.");
}
