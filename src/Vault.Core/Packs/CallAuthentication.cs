namespace Vault.Core.Packs;

public enum CallAuthentication
{
    /// <summary>As at the token endpoint.</summary>
    Client,

    /// <summary>The client as HTTP basic, whatever the token endpoint takes (GitHub OAuth Apps).</summary>
    ClientBasic,

    /// <summary>The access token as bearer.</summary>
    Bearer,
    None,
}
