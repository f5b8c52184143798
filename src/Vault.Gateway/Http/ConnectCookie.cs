using Microsoft.AspNetCore.Http;
using Vault.Core.Identity;
using Vault.Core.OAuth;

namespace Vault.Gateway.Http;

/// <summary>
/// The cookie that binds a consent to one browser. <c>__Host-</c> makes the browser refuse it from a subdomain or over
/// http; Lax, because it must come along when the provider sends the browser back, and must not when another site posts
/// a form.
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
