using System.Security.Cryptography;

namespace Vault.Core.Sealing;

/// <summary>
/// XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM with a 192-bit nonce, which may be random for practically
/// any number of messages. It uses only the framework's AES and AES-GCM, so it works with a FIPS build of OpenSSL. An
/// instance holds one key and its derived subkey K1, which saves one of the three extra AES calls per message. Safe
/// for concurrent use until disposed.
/// </summary>
public sealed class XAes256Gcm : IDisposable
{
    public const int KeyLength = 32;
    public const int NonceLength = 24;
    public const int TagLength = 16;

    private const int Block = 16;
    private const int HalfNonce = 12;

    private readonly Aes _aes;
    private readonly byte[] _k1 = GC.AllocateArray<byte>(Block, pinned: true);

    /// <param name="key">32 bytes; copied into the cipher. The caller zeroes its own array.</param>
    public XAes256Gcm(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyLength)
            throw new ArgumentException($"The key has {KeyLength} bytes.", nameof(key));
        _aes = Aes.Create();
        _aes.SetKey(key);

        // L = AES_K(0^128); K1 = L doubled in GF(2^128), as in NIST SP 800-38B section 6.1.
        Span<byte> l = stackalloc byte[Block];
        l.Clear();
        _aes.EncryptEcb(l, _k1, PaddingMode.None);
        Double(_k1);
    }

    /// <summary>
    /// Encrypts into <paramref name="ciphertext"/> (as long as the plaintext) and <paramref name="tag"/> (16 bytes).
    /// The nonce must never repeat under a key.
    /// </summary>
    public void Encrypt(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> plaintext,
        Span<byte> ciphertext,
        Span<byte> tag,
        ReadOnlySpan<byte> associatedData
    )
    {
        Span<byte> derived = stackalloc byte[KeyLength];
        try
        {
            Derive(nonce, derived);
            using var gcm = new AesGcm(derived, TagLength);
            gcm.Encrypt(nonce[HalfNonce..], plaintext, ciphertext, tag, associatedData);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>Decrypts, or throws and zeroes the plaintext.</summary>
    /// <exception cref="DecryptionFailedException">The tag does not match.</exception>
    public void Decrypt(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> ciphertext,
        ReadOnlySpan<byte> tag,
        Span<byte> plaintext,
        ReadOnlySpan<byte> associatedData
    )
    {
        Span<byte> derived = stackalloc byte[KeyLength];
        try
        {
            Derive(nonce, derived);
            using var gcm = new AesGcm(derived, TagLength);
            gcm.Decrypt(nonce[HalfNonce..], ciphertext, tag, plaintext, associatedData);
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            throw new DecryptionFailedException();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_k1);
        _aes.Dispose();
    }

    // Kx = AES(M1 ^ K1) || AES(M2 ^ K1) with Mi = 0x00 i 'X' 0x00 N[0..12]: the counter KDF of NIST SP 800-108 over
    // CMAC, whose input is one full block.
    private void Derive(ReadOnlySpan<byte> nonce, Span<byte> derived)
    {
        if (nonce.Length != NonceLength)
            throw new ArgumentException($"The nonce has {NonceLength} bytes.", nameof(nonce));
        Span<byte> blocks = stackalloc byte[2 * Block];
        for (var i = 0; i < 2; i++)
        {
            var m = blocks.Slice(i * Block, Block);
            m[0] = 0;
            m[1] = (byte)(i + 1);
            m[2] = (byte)'X';
            m[3] = 0;
            nonce[..HalfNonce].CopyTo(m[4..]);
            for (var j = 0; j < Block; j++)
                m[j] ^= _k1[j];
        }

        // ECB is safe here: it encrypts two independent blocks in one call, as the KDF requires. The one-shot call
        // creates its own cipher context, so concurrent callers share only the key.
        _aes.EncryptEcb(blocks, derived, PaddingMode.None);
        CryptographicOperations.ZeroMemory(blocks);
    }

    // Branch-free: the mask is 0xff if the top bit is set. So the timing reveals nothing about the key.
    private static void Double(Span<byte> block)
    {
        var mask = (byte)-(block[0] >> 7);
        for (var i = 0; i < Block - 1; i++)
            block[i] = (byte)((block[i] << 1) | (block[i + 1] >> 7));
        block[Block - 1] = (byte)((block[Block - 1] << 1) ^ (mask & 0x87));
    }
}
