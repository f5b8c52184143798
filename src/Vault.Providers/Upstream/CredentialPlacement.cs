using System.Security.Cryptography;
using System.Text;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Providers.Upstream;

/// <summary>
/// Adds a credential to an API request where the pack says. Only here does a credential leave the vault (law 2); one of
/// the few places that reveal secrets.
/// </summary>
internal static class CredentialPlacement
{
    /// <param name="consumer">The connection's client, if requests are also signed with its secret.</param>
    /// <summary>
    /// Null on success, else a code for what is missing. The URL is already checked; only a query is added.
    /// </summary>
    public static string? Apply(
        HttpRequestMessage message,
        ProviderPack pack,
        GrantTokens? grant,
        StaticCredential? credential,
        (string Key, Secret Secret)? consumer,
        TimeProvider time
    )
    {
        if (grant is null && credential is null)
            return UnsentCodes.NoCredential;
        // An account with a grant uses its access token; its static credential is not sent.
        var placed = false;
        foreach (var place in pack.Details.Api.Auth)
        {
            if (grant is not null ? place.Mode is AuthMode.ApiKey or AuthMode.Basic : place.Mode != credential?.Mode)
                continue;
            placed = true;
            if (
                TextTemplate.Expand(place.Value, name => Value(name, grant, credential), out var missing)
                is not { } value
            )
                return UnsentCodes.CredentialFieldMissing + missing;
            // A line break in a key would start a new header.
            if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
                return UnsentCodes.CredentialUnusable;
            if (place.Place == CredentialPlace.OAuth1)
            {
                if (
                    credential is null
                    || OAuth1Signature.Header(message, place.Name, value, credential, consumer, time.GetUtcNow())
                        is not { } signed
                )
                    return UnsentCodes.CredentialUnusable;
                message.Headers.Remove("Authorization");
                message.Headers.TryAddWithoutValidation("Authorization", signed);
            }
            else if (place.Place == CredentialPlace.Header)
            {
                message.Headers.Remove(place.Name);
                // Headers are ASCII only (a key may be pasted with a typographic quote). Check here, because the
                // framework would fail only while sending.
                if (value.Any(c => c is < ' ' or > '~') || !message.Headers.TryAddWithoutValidation(place.Name, value))
                    return UnsentCodes.CredentialUnusable;
            }
            else
            {
                var url = message.RequestUri!;
                var query = url.Query.Length > 1 ? url.Query + "&" : "?";
                message.RequestUri = new UriBuilder(url)
                {
                    Query = query[1..] + Uri.EscapeDataString(place.Name) + "=" + Uri.EscapeDataString(value),
                }.Uri;
            }
        }

        return placed ? null : UnsentCodes.NoCredential;
    }

    private static string? Value(string name, GrantTokens? grant, StaticCredential? credential)
    {
        if (grant is not null)
        {
            return name switch
            {
                "access_token" => grant.AccessToken.RevealText(),
                "token_type" => grant.TokenType,
                _ => null,
            };
        }

        if (name == "basic" && credential is { Mode: AuthMode.Basic })
            return Basic(credential);
        return credential is not null && credential.Fields.TryGetValue(name, out var field) ? field.RevealText() : null;
    }

    /// <summary>
    /// RFC 7617: user name, colon, password in UTF-8. A colon in the user name would be read as the separator, so it is
    /// rejected.
    /// </summary>
    private static string? Basic(StaticCredential credential)
    {
        if (!credential.Fields.TryGetValue("username", out var user))
            return null;
        if (user.Reveal().Contains((byte)':'))
            return null;
        // A key given as the user name has no password; the pack says whether one is required.
        var password = credential.Fields.TryGetValue("password", out var given) ? given.Reveal() : [];
        var joined = new byte[user.Reveal().Length + 1 + password.Length];
        user.Reveal().CopyTo(joined);
        joined[user.Reveal().Length] = (byte)':';
        password.CopyTo(joined.AsSpan(user.Reveal().Length + 1));
        var text = Convert.ToBase64String(joined);
        CryptographicOperations.ZeroMemory(joined);
        return text;
    }
}
