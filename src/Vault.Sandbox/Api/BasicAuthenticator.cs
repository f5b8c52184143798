using System.Security.Cryptography;
using System.Text;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Api;

/// <summary>HTTP Basic authentication (RFC 7617).</summary>
internal sealed class BasicAuthenticator(SandboxCredentials credentials) : ApiAuthenticator
{
    public override string Prefix => "/basic-api";

    public override (string? Subject, string? ClientId, AccessToken? Token) Identify(HttpRequest request) =>
        (Find(request)?.Subject, null, null);

    public override (ApiCaller? Caller, ApiRefusal? Refusal, Count Counts) Open(HttpRequest request) =>
        Find(request) is { } login
            ? (new ApiCaller(login.Subject, login.Scopes, ClientId: null, "basic"), null, default)
            : (
                null,
                new ApiRefusal(
                    401,
                    "invalid_login",
                    "user name or password are missing or wrong",
                    "Basic realm=\"sandbox\", charset=\"UTF-8\""
                ),
                Count.ApiCallsUnknownToken
            );

    private SandboxLogin? Find(HttpRequest request)
    {
        var value = request.Headers.Authorization.ToString();
        Span<byte> bytes = new byte[value.Length];
        if (
            !value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
            || !Convert.TryFromBase64String(value[6..].Trim(), bytes, out var length)
        )
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return
            colon >= 0
            && credentials.FindLogin(text[..colon]) is { } login
            && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(login.Password),
                Encoding.UTF8.GetBytes(text[(colon + 1)..])
            )
            ? login
            : null;
    }
}
