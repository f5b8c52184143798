namespace Vault.Core.Packs;

public enum CallAuthentication
{
    /// <summary>The client authenticates as at the token endpoint.</summary>
    Client,

    /// <summary>The client uses HTTP Basic, independent of the token endpoint (GitHub OAuth Apps).</summary>
    ClientBasic,

    /// <summary>The access token is sent as a bearer token.</summary>
    Bearer,
    None,
}
