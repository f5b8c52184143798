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
    /// <param name="request">The request.</param>
    /// <param name="anyHeader">Whether the key may be in any header and scheme, where a provider's client library sends
    /// its own.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    public async ValueTask<AuthenticatedCaller?> AuthenticateAsync(
        HttpRequest request,
        bool anyHeader,
        CancellationToken cancellationToken
    )
    {
        if (TextOf(request, anyHeader) is not { } text)
            return null;
        var caller = await keys.VerifyAsync(text, cancellationToken);
        if (caller is null)
            return null;
        return new AuthenticatedCaller(caller, text);
    }

    /// <summary>Whether the request has a key that was valid a moment ago. Nothing is looked up.</summary>
    public bool Knows(HttpRequest request, bool anyHeader) => keys.Knows(TextOf(request, anyHeader));

    /// <summary>The id of the key that the request claims to have; null where it is no key's text.</summary>
    public static string? ClaimedId(HttpRequest request, bool anyHeader) =>
        ApiKeyText.TryParse(TextOf(request, anyHeader), out var id, out _) ? id : null;

    private static string? TextOf(HttpRequest request, bool anyHeader) =>
        anyHeader ? AnyKey(request) : BearerKey(request);

    private static string? BearerKey(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { Length: <= MaxHeader } value)
            return null;
        // RFC 9110 11.1: the scheme is case-insensitive.
        return value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? value["Bearer ".Length..].Trim(' ')
            : null;
    }

    private static string? AnyKey(HttpRequest request)
    {
        string? found = null;
        foreach (var (_, values) in request.Headers)
        foreach (var value in values)
        {
            if (KeyIn(value) is not { } key)
                continue;
            // Two keys would be two callers.
            if (found is not null && found != key)
                return null;
            found = key;
        }

        return found;
    }

    /// <summary>Whether a header's value holds a key of the vault, which goes nowhere else.</summary>
    public static bool HoldsKey(string value) => KeyIn(value) is not null;

    /// <summary>Alone, after a scheme (Bearer, token), or as user name or password of Basic (RFC 7617).</summary>
    private static string? KeyIn(string? value)
    {
        if (value is not { Length: > 0 and <= MaxHeader })
            return null;
        var text = value.Trim(' ');
        var space = text.LastIndexOf(' ');
        var last = text[(space + 1)..].Trim('"');
        if (last.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal))
            return last;
        if (space < 0 || !text.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        var decoded = new byte[last.Length];
        return Convert.TryFromBase64String(last, decoded, out var length)
            ? Encoding
                .UTF8.GetString(decoded, 0, length)
                .Split(':')
                .FirstOrDefault(p => p.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal))
            : null;
    }

    public static bool HasCredentials(HttpRequest request) => request.Headers.Authorization.Count > 0;
}
