using System.Security.Cryptography;
using System.Text;

namespace Vault.Benchmarks.Targets;

/// <summary>
/// AES-256-GCM with a random nonce in front and the tag behind, as a handler written at home does it: one key, no
/// associated data.
/// </summary>
internal sealed class TokenCipher(byte[] key) : IDisposable
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    // One per thread at a time would be needed for concurrent use on some platforms; making it is cheap beside the
    // call.
    private readonly byte[] _key = key;

    public byte[] Seal(string text)
    {
        using var aes = new AesGcm(_key, TagLength);
        var plain = Encoding.UTF8.GetBytes(text);
        var sealedText = new byte[NonceLength + plain.Length + TagLength];
        RandomNumberGenerator.Fill(sealedText.AsSpan(0, NonceLength));
        aes.Encrypt(
            sealedText.AsSpan(0, NonceLength),
            plain,
            sealedText.AsSpan(NonceLength, plain.Length),
            sealedText.AsSpan(NonceLength + plain.Length)
        );
        return sealedText;
    }

    public string Open(ReadOnlySpan<byte> sealedText)
    {
        using var aes = new AesGcm(_key, TagLength);
        var length = sealedText.Length - NonceLength - TagLength;
        Span<byte> plain = length <= 1024 ? stackalloc byte[length] : new byte[length];
        aes.Decrypt(
            sealedText[..NonceLength],
            sealedText.Slice(NonceLength, length),
            sealedText[(NonceLength + length)..],
            plain
        );
        return Encoding.UTF8.GetString(plain);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
