using Vault.Core.Accounts;
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

    public static VaultError Used() =>
        new(ErrorCatalogue.LinkInvalid, "This link was used, has expired, or was opened in another browser.");

    /// <summary>For the callback: an unknown state, a foreign browser and an expired link get the same error.</summary>
    public static VaultError Lost() =>
        new(ErrorCatalogue.LinkInvalid, "This page was opened without its link, in another browser, or a second time.");
}
