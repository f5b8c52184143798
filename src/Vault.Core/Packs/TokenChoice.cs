namespace Vault.Core.Packs;

public enum TokenChoice
{
    /// <summary>The refresh token if there is one, otherwise the access token.</summary>
    RefreshOrAccess,
    Access,
    Refresh,
}
