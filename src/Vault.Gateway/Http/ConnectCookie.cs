using Microsoft.AspNetCore.Http;
using Vault.Core.Identity;
using Vault.Core.OAuth;

namespace Vault.Gateway.Http;

/// <summary>
/// The cookie that binds a consent to one browser. With the prefix <c>__Host-</c> the browser refuses it from a
/// subdomain or over HTTP. SameSite is Lax: the browser sends it on the provider's redirect, but not with a form that
/// another site posts.
/// </summary>
internal sealed class ConnectCookie(PublicAddress address)
{
    private bool Secure => address.Base.Scheme == Uri.UriSchemeHttps;

    public string Name => Secure ? "__Host-vault_connect" : "vault_connect";

    public string? Read(HttpContext http) =>
        http.Request.Cookies.TryGetValue(Name, out var value) && LinkSecrets.IsWellFormed(value) ? value : null;

    public void Set(HttpContext http, string value, DateTimeOffset expires) =>
        http.Response.Cookies.Append(Name, value, Options(expires));

    private CookieOptions Options(DateTimeOffset expires) =>
        new()
        {
            HttpOnly = true,
            Secure = Secure,
            SameSite = SameSiteMode.Lax,
            Path = "/",
            IsEssential = true,
            Expires = expires,
        };
}
