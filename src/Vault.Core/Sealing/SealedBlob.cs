using System.Buffers.Binary;

namespace Vault.Core.Sealing;

/// <summary>
/// A sealed field in its stored form: <paramref name="KeyVersion"/> has its own column, so that rotation finds the row,
/// and <paramref name="Bytes"/> another. Format of the bytes: format (1 byte, 0x01) | key version (4, big-endian) |
/// nonce (24) | ciphertext | tag (16). The column selects the key. The copy in the bytes must equal it; otherwise the
/// blob is not decrypted.
/// </summary>
public sealed record SealedBlob(uint KeyVersion, ReadOnlyMemory<byte> Bytes)
{
    internal const byte Format = 1;
    internal const int HeaderLength = 1 + sizeof(uint);

    /// <summary>The number of bytes that sealing adds to the plaintext.</summary>
    public const int Overhead = HeaderLength + XAes256Gcm.NonceLength + XAes256Gcm.TagLength;

    internal static void WriteHeader(Span<byte> to, uint keyVersion)
    {
        to[0] = Format;
        BinaryPrimitives.WriteUInt32BigEndian(to[1..], keyVersion);
    }

    /// <summary>
    /// Whether the bytes have the format of a blob sealed under <see cref="KeyVersion"/>. Does not check authenticity.
    /// </summary>
    internal bool HeaderAgrees() =>
        Bytes.Length >= Overhead
        && Bytes.Span[0] == Format
        && BinaryPrimitives.ReadUInt32BigEndian(Bytes.Span[1..]) == KeyVersion;

    public override string ToString() => $"[sealed, key version {KeyVersion}, {Bytes.Length} bytes]";
}
