using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.Providers.Upstream;

/// <summary>
/// The Authorization header of RFC 5849 for a static credential (NetSuite's token-based authentication). Code instead
/// of pack data, because the signature covers method, URL and query of each request. One of the few places that reveal
/// secrets: the two secrets are used only as the HMAC key.
/// </summary>
internal static class OAuth1Signature
{
    /// <summary>The credential fields that a pack must declare.</summary>
    public static readonly ImmutableArray<string> Fields = ["consumer_key", "consumer_secret", "token", "token_secret"];

    /// <param name="realm">Not part of the signature (RFC 5849 3.5.1).</param>
    /// <param name="consumer">The connection's client. If the credential belongs to it, its current secret takes
    /// precedence over a copy in the credential.</param>
    /// <returns>Null if a field is missing, or if the body is a form: its members would have to be signed, and no pack
    /// needs that.</returns>
    public static string? Header(
        HttpRequestMessage message,
        string method,
        string realm,
        StaticCredential credential,
        (string Key, Secret Secret)? consumer,
        DateTimeOffset now
    ) =>
        Header(
            message,
            method,
            realm,
            credential,
            consumer,
            now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))
        );

    /// <summary>
    /// For the endpoints of RFC 5849 section 2: signed by the client, and by a token if there is one.
    /// </summary>
    /// <param name="more">Protocol parameters of the request (oauth_callback, oauth_verifier).</param>
    public static string Header(
        HttpRequestMessage message,
        string method,
        string consumerKey,
        Secret consumerSecret,
        string? token,
        Secret? tokenSecret,
        DateTimeOffset now,
        params ReadOnlySpan<(string Name, string Value)> more
    )
    {
        var own = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["oauth_consumer_key"] = consumerKey,
            ["oauth_nonce"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            ["oauth_signature_method"] = method,
            ["oauth_timestamp"] = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            ["oauth_version"] = "1.0",
        };
        if (token is not null)
            own["oauth_token"] = token;
        foreach (var (name, value) in more)
            own[name] = value;
        return Write("", own, Sign(method, Base(message, own), consumerSecret, tokenSecret));
    }

    internal static string? Header(
        HttpRequestMessage message,
        string method,
        string realm,
        StaticCredential credential,
        (string Key, Secret Secret)? consumer,
        string timestamp,
        string nonce
    )
    {
        if (message.Content?.Headers.ContentType?.MediaType is "application/x-www-form-urlencoded")
            return null;
        if (Fields.Any(f => f != "consumer_secret" && !credential.Fields.ContainsKey(f)))
            return null;
        var key = credential.Fields["consumer_key"].RevealText();
        // The connection's secret does not apply to another client's key.
        if (
            (
                consumer is { } client && client.Key == key
                    ? client.Secret
                    : credential.Fields.GetValueOrDefault("consumer_secret")
            )
            is not { } consumerSecret
        )
            return null;
        var own = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["oauth_consumer_key"] = key,
            ["oauth_nonce"] = nonce,
            ["oauth_signature_method"] = method,
            ["oauth_timestamp"] = timestamp,
            ["oauth_token"] = credential.Fields["token"].RevealText(),
            ["oauth_version"] = "1.0",
        };
        return Write(realm, own, Sign(method, Base(message, own), consumerSecret, credential.Fields["token_secret"]));
    }

    private static string Write(string realm, SortedDictionary<string, string> own, string signature)
    {
        var header = new StringBuilder("OAuth ");
        if (realm.Length > 0)
            header.Append("realm=\"").Append(Escape(realm)).Append("\", ");
        foreach (var (name, value) in own)
            header.Append(name).Append("=\"").Append(Escape(value)).Append("\", ");
        return header.Append("oauth_signature=\"").Append(Escape(signature)).Append('"').ToString();
    }

    /// <summary>RFC 5849 3.4.1: method, base string URI, and the parameters sorted after escaping.</summary>
    private static string Base(HttpRequestMessage message, SortedDictionary<string, string> own)
    {
        var url = message.RequestUri!;
        var all = own.Select(p => (Name: Escape(p.Key), Value: Escape(p.Value))).ToList();
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = pair.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = cut < 0 ? (pair, "") : (pair[..cut], pair[(cut + 1)..]);
            all.Add((Escape(Decode(name)), Escape(Decode(value))));
        }

        all.Sort(
            (a, b) =>
                string.CompareOrdinal(a.Name, b.Name) is var byName and not 0
                    ? byName
                    : string.CompareOrdinal(a.Value, b.Value)
        );
        var port = url.IsDefaultPort ? "" : ":" + url.Port.ToString(CultureInfo.InvariantCulture);
        var address = $"{url.Scheme}://{url.IdnHost.ToLowerInvariant()}{port}{url.AbsolutePath}";
        var parameters = string.Join('&', all.Select(p => p.Name + "=" + p.Value));
        return $"{message.Method.Method.ToUpperInvariant()}&{Escape(address)}&{Escape(parameters)}";
    }

    private static string Sign(string method, string text, Secret consumer, Secret? token)
    {
        var key = Encoding.ASCII.GetBytes(
            Escape(consumer.RevealText()) + "&" + (token is null ? "" : Escape(token.RevealText()))
        );
        try
        {
            var data = Encoding.ASCII.GetBytes(text);
#pragma warning disable CA5350 // RFC 5849 requires HMAC-SHA1; HMAC does not depend on collision resistance.
            return Convert.ToBase64String(
                method == "HMAC-SHA1" ? HMACSHA1.HashData(key, data) : HMACSHA256.HashData(key, data)
            );
#pragma warning restore CA5350
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
