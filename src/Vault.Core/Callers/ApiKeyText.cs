using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.Callers;

/// <summary>
/// The text form of an API key: <c>vk_live_{id}_{secret}</c>. The id finds the row; the secret (256 bits, base 62)
/// proves possession.
/// </summary>
public static class ApiKeyText
{
    public const string Prefix = "vk_live_";
    public const string IdPrefix = "key_";
    private const int IdLength = 26;
    private const int SecretLength = 43;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public const int Length = 8 + IdLength + 1 + SecretLength;

    public static string NewSecret(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> random = stackalloc byte[32];
        entropy.Fill(random);
        var value = new BigInteger(random, isUnsigned: true);
        CryptographicOperations.ZeroMemory(random);
        return string.Create(SecretLength, value, static (span, number) =>
        {
            // 62^43 > 2^256: the fixed width keeps all 256 bits.
            for (var i = span.Length - 1; i >= 0; i--)
            {
                number = BigInteger.DivRem(number, Alphabet.Length, out var digit);
                span[i] = Alphabet[(int)digit];
            }
        });
    }

    /// <param name="id">A row's id, <c>key_…</c>.</param>
    /// <param name="secret">A result of <see cref="NewSecret"/>.</param>
    public static string Format(string id, string secret)
    {
        ArgumentNullException.ThrowIfNull(id);
        return $"{Prefix}{id[IdPrefix.Length..]}_{secret}";
    }

    public static bool TryParse(
        string? text,
        [NotNullWhen(true)] out string? id,
        [NotNullWhen(true)] out string? secret
    )
    {
        (id, secret) = (null, null);
        if (
            text is not { Length: Length }
            || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || text[Prefix.Length + IdLength] != '_'
        )
            return false;
        var found = string.Concat(IdPrefix, text.AsSpan(Prefix.Length, IdLength));
        var rest = text[^SecretLength..];
        if (!IdFactory.IsId(found, IdPrefix) || !rest.All(char.IsAsciiLetterOrDigit))
            return false;
        (id, secret) = (found, rest);
        return true;
    }

    /// <summary>
    /// SHA-256, hexadecimal. A plain digest is safe: the secret has 256 random bits and cannot be guessed offline.
    /// </summary>
    public static string Hash(string secret) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(secret)));
}
