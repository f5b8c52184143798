using System.Buffers.Binary;

namespace Vault.Core.Sealing;

/// <summary>
/// A sealed field as it is stored: <paramref name="KeyVersion"/> in its own column (so that rotation finds the row),
/// <paramref name="Bytes"/> beside it. Wire format of the bytes: format (1 byte, 0x01) | key version (4, big-endian) |
/// nonce (24) | ciphertext | tag (16). The column decides which key is used; the copy inside must agree with it or the
/// blob does not open.
/// </summary>
public sealed record SealedBlob(uint KeyVersion, ReadOnlyMemory<byte> Bytes)
{
    internal const byte Format = 1;
    internal const int HeaderLength = 1 + sizeof(uint);

    /// <summary>What sealing adds to the plaintext, in bytes.</summary>
    public const int Overhead = HeaderLength + XAes256Gcm.NonceLength + XAes256Gcm.TagLength;

    internal static void WriteHeader(Span<byte> to, uint keyVersion)
    {
        to[0] = Format;
        BinaryPrimitives.WriteUInt32BigEndian(to[1..], keyVersion);
    }

    /// <summary>
    /// Whether the bytes have the shape of a blob sealed under <see cref="KeyVersion"/>. Says nothing about their
    /// authenticity.
    /// </summary>
    internal bool HeaderAgrees() =>
        Bytes.Length >= Overhead
        && Bytes.Span[0] == Format
        && BinaryPrimitives.ReadUInt32BigEndian(Bytes.Span[1..]) == KeyVersion;

    public override string ToString() => $"[sealed, key version {KeyVersion}, {Bytes.Length} bytes]";
}
