using Vault.Core.Accounts;
using Vault.Core.Errors;

namespace Vault.Core.Consent;

/// <summary>What is answered at the end of a link's life.</summary>
public static class LinkErrors
{
    /// <summary>
    /// The reason when the browser that finished a link comes back to it: a reload, the back button, the link once
    /// more.
    /// </summary>
    public const string AlreadyConnected = "already_connected";

    /// <summary>
    /// Told only to the browser that connected the account; to any other a finished link is as good as an unknown one.
    /// </summary>
    public static VaultError Done() =>
        new(ErrorCatalogue.LinkInvalid, "This link has done its work: your account is connected.")
        {
            StatusReason = AlreadyConnected,
        };

    /// <summary>The reason while the answer of the provider is being worked on.</summary>
    public const string UnderWayReason = "consent_under_way";

    /// <summary>Told only to the browser that came back from the provider.</summary>
    public static VaultError UnderWay() =>
        new(ErrorCatalogue.LinkInvalid, "Your answer from the provider is being worked on.")
        {
            StatusReason = UnderWayReason,
        };

    /// <summary>
    /// Told only to the browser that came back from the provider. The code is not sent again, whatever became of it.
    /// </summary>
    public static VaultError Interrupted() =>
        new(
            ErrorCatalogue.OutcomeUnknown,
            "Connecting was interrupted here, and it is not known how far it came at the provider."
        )
        {
            StatusReason = StatusReason.ConsentInterrupted,
        };

    public static VaultError Used() =>
        new(ErrorCatalogue.LinkInvalid, "This link was used, has expired, or was opened in another browser.");

    /// <summary>
    /// Of the way back: an unknown state, a foreign browser and a link that is over get the same answer.
    /// </summary>
    public static VaultError Lost() =>
        new(
            ErrorCatalogue.LinkInvalid,
            "This page was reached without its link, in another browser, or a second time."
        );
}
