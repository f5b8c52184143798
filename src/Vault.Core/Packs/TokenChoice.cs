namespace Vault.Core.Packs;

public enum TokenChoice
{
    /// <summary>The refresh token where there is one, else the access token.</summary>
    RefreshOrAccess,
    Access,
    Refresh,
}
