namespace Vault.Core.Accounts;

/// <summary>Why a refresh is requested.</summary>
public enum RefreshReason
{
    /// <summary>The sweep: the margin before expiry or a keep-alive is reached.</summary>
    Scheduled,

    /// <summary>A caller needs a live access token.</summary>
    OnDemand,

    /// <summary>The API rejected the access token of the seen generation.</summary>
    Rejected,

    /// <summary>An operator requested it.</summary>
    Manual,

    /// <summary>
    /// The sweep, with the permission to present a refresh token again whose use is in doubt; like
    /// <see cref="Scheduled"/> in everything else.
    /// </summary>
    PresentAgain,
}
