using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.OAuth;

/// <summary>
/// The random values of a consent: link token, browser cookie, state, PKCE verifier. Each has 256 random bits; they are
/// compared only by their digests.
/// </summary>
public static class LinkSecrets
{
    /// <summary>A new value: 43 characters of base64url, which is also a valid PKCE verifier (RFC 7636 4.1).</summary>
    public static string New(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> random = stackalloc byte[32];
        entropy.Fill(random);
        return Base64Url.EncodeToString(random);
    }

    public static bool IsWellFormed(string? text) =>
        text is { Length: 43 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>SHA-256, hexadecimal.</summary>
    public static string Hash(string value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));

    /// <summary>The S256 code challenge (RFC 7636 4.2).</summary>
    public static string Challenge(string verifier) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    public static bool SameHash(string? stored, string computed) =>
        stored is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(stored), Encoding.ASCII.GetBytes(computed));
}
