namespace Vault.Core.Identity;

/// <summary>The vault's public address.</summary>
/// <param name="Base">For example <c>https://vault.example.com</c>; no path, query or fragment.</param>
public sealed record PublicAddress(Uri Base)
{
    public const string CallbackPath = "/oauth/callback";

    public string Callback => new Uri(Base, CallbackPath).ToString();

    /// <summary>
    /// Uses the host of the connection's own redirect URI if it has one: a browser sends the consent's cookie only to
    /// the host that set it.
    /// </summary>
    public string Link(string token, string? redirectUri) =>
        new Uri(redirectUri is null ? Base : new Uri(redirectUri), "/connect/" + token).ToString();
}
