namespace Vault.Core.Accounts;

/// <summary>Why a refresh is asked for.</summary>
public enum RefreshReason
{
    /// <summary>The sweeper: the margin before expiry or a keep-alive is reached.</summary>
    Scheduled,

    /// <summary>A caller needs a live access token.</summary>
    OnDemand,

    /// <summary>The API refused the access token of the seen generation.</summary>
    Rejected,

    /// <summary>An operator asked for it.</summary>
    Manual,
}
