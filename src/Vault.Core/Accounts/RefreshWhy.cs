namespace Vault.Core.Accounts;

/// <summary>Why a refresh is asked for.</summary>
public enum RefreshWhy
{
    /// <summary>The sweeper: the margin before expiry or a keep-alive is reached.</summary>
    Due,

    /// <summary>A caller needs a live access token.</summary>
    Needed,

    /// <summary>The API refused the access token of the seen generation.</summary>
    Rejected,

    /// <summary>An operator asked for it.</summary>
    Asked,
}
