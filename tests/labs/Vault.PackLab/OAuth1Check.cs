using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Vault.PackLab;

/// <summary>
/// Judges a signature of RFC 5849 as a strict provider does, by its own reading of the RFC: every parameter of header,
/// query and form is in the base string, the nonce was never seen, the time is near. Nothing of it is shared with what
/// signs.
/// </summary>
internal sealed class OAuth1Check(TimeProvider time)
{
    private readonly HashSet<string> _nonces = new(StringComparer.Ordinal);

    /// <summary>The protocol parameters; null with the reason when the request is refused.</summary>
    public Dictionary<string, string>? Parameters(
        Seen seen,
        string method,
        Func<Dictionary<string, string>, (string Consumer, string Token)?> secrets,
        out string fault
    )
    {
        fault = "no OAuth header";
        if (seen.Header("Authorization") is not { } header || !header.StartsWith("OAuth ", StringComparison.Ordinal))
            return null;
        var own = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in header[6..].Split(','))
        {
            var cut = part.IndexOf('=', StringComparison.Ordinal);
            var value = cut < 0 ? "" : part[(cut + 1)..].Trim();
            fault = "a parameter that is not quoted or is there twice: " + part;
            if (
                cut < 0
                || value.Length < 2
                || value[0] != '"'
                || value[^1] != '"'
                || !own.TryAdd(Uri.UnescapeDataString(part[..cut].Trim()), Uri.UnescapeDataString(value[1..^1]))
            )
                return null;
        }

        own.Remove("realm");
        fault = "the method, the version, the time or the nonce";
        if (
            own.GetValueOrDefault("oauth_signature_method") != method
            || own.GetValueOrDefault("oauth_version") != "1.0"
        )
            return null;
        if (
            !long.TryParse(
                own.GetValueOrDefault("oauth_timestamp"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var at
            )
            || Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - at) > 300
        )
            return null;
        if (own.GetValueOrDefault("oauth_nonce") is not { Length: >= 16 } nonce || !_nonces.Add(at + " " + nonce))
            return null;
        fault = "the consumer or the token is not known";
        if (secrets(own) is not { } keys)
            return null;
        var all = own.Where(p => p.Key != "oauth_signature")
            .Select(p => (p.Key, p.Value))
            .Concat(Pairs(seen.Url.Query.TrimStart('?')));
        if (seen.MediaType == "application/x-www-form-urlencoded")
            all = all.Concat(Pairs(seen.Body));
        var normal = string.Join(
            '&',
            all.Select(p => (Name: Encode(p.Key), Value: Encode(p.Value)))
                .OrderBy(p => p.Name, StringComparer.Ordinal)
                .ThenBy(p => p.Value, StringComparer.Ordinal)
                .Select(p => p.Name + "=" + p.Value)
        );
        var text =
            seen.Method.ToUpperInvariant() + "&" + Encode(seen.Url.GetLeftPart(UriPartial.Path)) + "&" + Encode(normal);
        var key = Encoding.ASCII.GetBytes(Encode(keys.Consumer) + "&" + Encode(keys.Token));
#pragma warning disable CA5350 // The method RFC 5849 names.
        var expected = Convert.ToBase64String(
            method == "HMAC-SHA1"
                ? HMACSHA1.HashData(key, Encoding.ASCII.GetBytes(text))
                : HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text))
        );
#pragma warning restore CA5350
        fault = "the signature";
        return own.GetValueOrDefault("oauth_signature") == expected ? own : null;
    }

    private static IEnumerable<(string Key, string Value)> Pairs(string text) =>
        text.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => p.Split('=', 2))
            .Select(p =>
                (
                    Uri.UnescapeDataString(p[0].Replace('+', ' ')),
                    p.Length < 2 ? "" : Uri.UnescapeDataString(p[1].Replace('+', ' '))
                )
            );

    /// <summary>RFC 5849 3.6: all but unreserved characters, byte by byte.</summary>
    private static string Encode(string text)
    {
        var encoded = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
                encoded.Append((char)b);
            else
                encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }
}
