using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Vault.Core.Callers;

namespace Vault.Gateway.Http;

/// <summary>Who is calling, and a secret of theirs that binds kept answers to the one who asked.</summary>
internal sealed record AuthenticatedCaller(Caller Caller, string Text)
{
    // Bodies can hold weak secrets (a password); a plain digest of one in the store could be guessed back. This key is
    // known only to who presents the API key.
    public byte[] Binding() => HMACSHA256.HashData(Encoding.ASCII.GetBytes(Text), "vault-idempotency-v1"u8);

    public override string ToString() => Caller.KeyId;
}

/// <summary>RFC 6750 2.1: the header and nothing else; a key in a query or body is never looked for.</summary>
internal sealed class Authentication(ApiKeyVerifier keys)
{
    private const int MaxHeader = 512;

    /// <summary>Null when nobody valid is calling, for whatever reason.</summary>
    public async ValueTask<AuthenticatedCaller?> AuthenticateAsync(
        HttpRequest request,
        CancellationToken cancellationToken
    )
    {
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { Length: <= MaxHeader } value)
            return null;
        // RFC 9110 11.1: the scheme is case-insensitive.
        if (!value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return null;
        var text = value["Bearer ".Length..].Trim(' ');
        var caller = await keys.VerifyAsync(text, cancellationToken);
        if (caller is null)
            return null;
        return new AuthenticatedCaller(caller, text);
    }

    public static bool WasTried(HttpRequest request) => request.Headers.Authorization.Count > 0;
}
