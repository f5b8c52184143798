using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Gateway.Http;

/// <summary>
/// Wraps store cursors as page tokens that are bound to their list. A token of another list, organization or filter is
/// an error; otherwise it would silently skip items. The binding protects against mistakes, not against attackers: the
/// store filters by organization whatever the cursor says.
/// </summary>
internal static class PageTokens
{
    private const int CheckLength = 8;

    public static string Write(string cursor, string scope)
    {
        var text = Encoding.UTF8.GetBytes(cursor);
        return Base64Url.EncodeToString([.. Check(text, scope), .. text]);
    }

    public static bool TryRead(string token, string scope, [NotNullWhen(true)] out string? cursor)
    {
        cursor = null;
        if (!Base64Url.IsValid(token))
            return false;
        var bytes = Base64Url.DecodeFromChars(token);
        if (
            bytes.Length <= CheckLength
            || !bytes.AsSpan(0, CheckLength).SequenceEqual(Check(bytes[CheckLength..], scope))
        )
            return false;
        cursor = Encoding.UTF8.GetString(bytes.AsSpan(CheckLength));
        return true;
    }

    private static byte[] Check(byte[] cursor, string scope)
    {
        var scopeHash = SHA256.HashData(Encoding.UTF8.GetBytes(scope));
        return SHA256.HashData([.. scopeHash, .. cursor])[..CheckLength];
    }
}
