using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Wraps under a 32-byte master key in this process. The id is derived from the key, so two keys never share an id.
/// Wrapped format: 0x01 | nonce (24) | key (32) | tag (16). The associated data binds organization, key version and
/// master key id.
/// </summary>
public sealed class LocalKeyWrapper : IKeyWrapper, IDisposable
{
    private const byte Format = 1;
    private const int WrappedLength = 1 + XAes256Gcm.NonceLength + XAes256Gcm.KeyLength + XAes256Gcm.TagLength;

    private readonly XAes256Gcm _cipher;
    private readonly IEntropy _entropy;

    /// <param name="masterKey">32 random bytes; copied. The caller zeroes its own array.</param>
    /// <param name="entropy">For nonces.</param>
    /// <exception cref="ArgumentException">The length is wrong, or all bytes are zero: the key was never filled in
    /// (law 11: without a key the host does not start).</exception>
    public LocalKeyWrapper(ReadOnlySpan<byte> masterKey, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        if (masterKey.Length != XAes256Gcm.KeyLength)
            throw new ArgumentException(
                $"The master key has {XAes256Gcm.KeyLength} bytes; these are {masterKey.Length}.",
                nameof(masterKey)
            );
        if (!masterKey.ContainsAnyExcept((byte)0))
            throw new ArgumentException("The master key is all zero. Generate 32 random bytes.", nameof(masterKey));
        (_cipher, _entropy) = (new XAes256Gcm(masterKey), entropy);
        MasterKeyId = IdOf(masterKey);
    }

    public string MasterKeyId { get; }

    public ValueTask<byte[]> WrapAsync(
        OrganizationId organization,
        uint keyVersion,
        ReadOnlyMemory<byte> plaintextKey,
        CancellationToken cancellationToken
    )
    {
        if (plaintextKey.Length != XAes256Gcm.KeyLength)
            throw new ArgumentException($"A data key has {XAes256Gcm.KeyLength} bytes.", nameof(plaintextKey));
        var wrapped = new byte[WrappedLength];
        wrapped[0] = Format;
        var nonce = wrapped.AsSpan(1, XAes256Gcm.NonceLength);
        _entropy.Fill(nonce);
        var body = wrapped.AsSpan(1 + XAes256Gcm.NonceLength, XAes256Gcm.KeyLength);
        _cipher.Encrypt(
            nonce,
            plaintextKey.Span,
            body,
            wrapped.AsSpan(^XAes256Gcm.TagLength),
            AssociatedData(organization, keyVersion)
        );
        return new(wrapped);
    }

    public ValueTask<byte[]> UnwrapAsync(
        OrganizationId organization,
        uint keyVersion,
        string masterKeyId,
        ReadOnlyMemory<byte> wrapped,
        CancellationToken cancellationToken
    )
    {
        if (masterKeyId != MasterKeyId)
            throw new MasterKeyUnknownException(masterKeyId);
        var bytes = wrapped.Span;
        if (bytes.Length != WrappedLength || bytes[0] != Format)
            throw new DecryptionFailedException();
        var key = new byte[XAes256Gcm.KeyLength];
        var body = bytes.Slice(1 + XAes256Gcm.NonceLength, XAes256Gcm.KeyLength);
        _cipher.Decrypt(
            bytes.Slice(1, XAes256Gcm.NonceLength),
            body,
            bytes[^XAes256Gcm.TagLength..],
            key,
            AssociatedData(organization, keyVersion)
        );
        return new(key);
    }

    public void Dispose() => _cipher.Dispose();

    // 64 bits of a hash of 256 random bits: enough to distinguish master keys, and they reveal nothing of the key.
    private static string IdOf(ReadOnlySpan<byte> masterKey)
    {
        Span<byte> input = stackalloc byte[32 + XAes256Gcm.KeyLength];
        input.Clear();
        "vault-master-key-id-v1"u8.CopyTo(input);
        masterKey.CopyTo(input[32..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        CryptographicOperations.ZeroMemory(input);
        return "local:" + Convert.ToHexStringLower(hash[..8]);
    }

    private byte[] AssociatedData(OrganizationId organization, uint keyVersion)
    {
        if (organization.Value is null)
            throw new ArgumentException("A wrapped key needs its organization.", nameof(organization));
        var domain = "vault-wrap-v1"u8;
        var data = new byte[
            domain.Length
                + sizeof(int)
                + Encoding.UTF8.GetByteCount(organization.Value)
                + sizeof(uint)
                + MasterKeyId.Length
        ];
        domain.CopyTo(data);
        var rest = data.AsSpan(domain.Length);
        var length = Encoding.UTF8.GetBytes(organization.Value, rest[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(rest, length);
        rest = rest[(sizeof(int) + length)..];
        BinaryPrimitives.WriteUInt32BigEndian(rest, keyVersion);
        Encoding.ASCII.GetBytes(MasterKeyId, rest[sizeof(uint)..]);
        return data;
    }
}
