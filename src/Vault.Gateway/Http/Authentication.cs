using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Vault.Core.Callers;

namespace Vault.Gateway.Http;

/// <summary>The authenticated caller, with the API key that binds stored responses to it.</summary>
internal sealed record AuthenticatedCaller(Caller Caller, string Text)
{
    // A body can hold a weak secret (a password), and a plain digest of it in the store could be brute-forced. This
    // HMAC key is derived from the API key, which only the caller has.
    public byte[] Binding() => HMACSHA256.HashData(Encoding.ASCII.GetBytes(Text), "vault-idempotency-v1"u8);

    public override string ToString() => Caller.KeyId;
}

/// <summary>RFC 6750 2.1: accepts the header only; a key in a query or body is ignored.</summary>
internal sealed class Authentication(ApiKeyVerifier keys)
{
    private const int MaxHeader = 512;

    /// <summary>Null when there is no valid key, whatever the reason.</summary>
    public async ValueTask<AuthenticatedCaller?> AuthenticateAsync(
        HttpRequest request,
        CancellationToken cancellationToken
    )
    {
        if (TextOf(request) is not { } text)
            return null;
        var caller = await keys.VerifyAsync(text, cancellationToken);
        if (caller is null)
            return null;
        return new AuthenticatedCaller(caller, text);
    }

    /// <summary>Whether the request has a key that was valid a moment ago. Nothing is looked up.</summary>
    public bool Knows(HttpRequest request) => keys.Knows(TextOf(request));

    /// <summary>The id of the key that the request claims to have; null where it is no key's text.</summary>
    public static string? ClaimedId(HttpRequest request) =>
        ApiKeyText.TryParse(TextOf(request), out var id, out _) ? id : null;

    private static string? TextOf(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { Length: <= MaxHeader } value)
            return null;
        // RFC 9110 11.1: the scheme is case-insensitive.
        return value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? value["Bearer ".Length..].Trim(' ')
            : null;
    }

    public static bool HasCredentials(HttpRequest request) => request.Headers.Authorization.Count > 0;
}
