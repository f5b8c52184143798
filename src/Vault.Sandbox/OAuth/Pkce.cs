using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Sandbox.OAuth;

/// <summary>Proof key for code exchange, S256 only (RFC 7636; RFC 9700 section 2.1.1).</summary>
internal static class Pkce
{
    /// <summary>The SHA-256 of a verifier is always 43 characters of base64url.</summary>
    public static bool IsChallenge(string value) =>
        value.Length == 43 && value.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    public static bool Matches(string verifier, string challenge) =>
        verifier.Length is >= 43 and <= 128
        && verifier.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~')
        && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))),
            Encoding.ASCII.GetBytes(challenge)
        );
}
