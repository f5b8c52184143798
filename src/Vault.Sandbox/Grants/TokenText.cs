using System.Buffers.Text;
using System.Security.Cryptography;

namespace Vault.Sandbox.Grants;

/// <summary>Token strings: a prefix that a leak scanner recognizes, and 256 random bits.</summary>
internal static class TokenText
{
    public const string AccessPrefix = "sbx_at_";
    public const string RefreshPrefix = "sbx_rt_";
    public const string CodePrefix = "sbx_code_";

    public static string NewAccess() => New(AccessPrefix);

    public static string NewRefresh() => New(RefreshPrefix);

    public static string NewCode() => New(CodePrefix);

    public static string NewTransaction() => New("sbx_txn_");

    private static string New(string prefix)
    {
        Span<byte> bytes = stackalloc byte[32];
        RandomNumberGenerator.Fill(bytes);
        Span<char> text = stackalloc char[64];
        prefix.CopyTo(text);
        Base64Url.TryEncodeToChars(bytes, text[prefix.Length..], out var written);
        return new string(text[..(prefix.Length + written)]);
    }
}
