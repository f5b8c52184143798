using System.Buffers.Binary;
using Vault.Core.Templates;

namespace Vault.Core.Sealing;

/// <summary>
/// A sealed field in its stored form: <paramref name="KeyVersion"/> has its own column, so that rotation finds the row,
/// and <paramref name="Bytes"/> another. Format of the bytes: format (1 byte) | key version (4, big-endian) | nonce (24)
/// | ciphertext | tag (16). Format 2, for a credential, has its destinations before the nonce: length (4, big-endian) |
/// origins; their digest is part of the associated data. Format 1 has none. The column selects the key. The copy in the
/// bytes must equal it; otherwise the blob is not decrypted.
/// </summary>
public sealed record SealedBlob(uint KeyVersion, ReadOnlyMemory<byte> Bytes)
{
    internal const byte Plain = 1;
    internal const byte Bound = 2;
    private const int HeaderLength = 1 + sizeof(uint);

    /// <summary>The number of bytes that sealing adds to a value without destinations.</summary>
    public const int Overhead = HeaderLength + XAes256Gcm.NonceLength + XAes256Gcm.TagLength;

    internal byte Format => Bytes.Span[0];

    /// <summary>
    /// The origins that the credential inside may be sent to; null for a blob without. Not yet proven: a blob whose
    /// origins were altered cannot be decrypted.
    /// </summary>
    public Destinations? ReadDestinations() => HasDestinations() ? Destinations.Read(DestinationBytes) : null;

    /// <summary>Whether <see cref="ReadDestinations"/> would return a set; reads nothing but the header.</summary>
    public bool HasDestinations() => HeaderAgrees() && Format == Bound;

    internal ReadOnlySpan<byte> DestinationBytes =>
        Format == Bound ? Bytes.Span[(HeaderLength + sizeof(int))..Start] : [];

    /// <summary>Where the nonce begins.</summary>
    internal int Start =>
        Format == Bound
            ? HeaderLength + sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(Bytes.Span[HeaderLength..])
            : HeaderLength;

    /// <summary>The header for a value with these destinations; the nonce follows it.</summary>
    internal static byte[] Header(uint keyVersion, Destinations? destinations)
    {
        var header = new byte[HeaderLength + (destinations is null ? 0 : sizeof(int) + destinations.Bytes.Length)];
        header[0] = destinations is null ? Plain : Bound;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(1), keyVersion);
        if (destinations is not null)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(HeaderLength), destinations.Bytes.Length);
            destinations.Bytes.Span.CopyTo(header.AsSpan(HeaderLength + sizeof(int)));
        }

        return header;
    }

    /// <summary>
    /// Whether the bytes have the format of a blob sealed under <see cref="KeyVersion"/>. Does not check authenticity.
    /// </summary>
    internal bool HeaderAgrees()
    {
        var bytes = Bytes.Span;
        if (bytes.Length < Overhead || BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]) != KeyVersion)
            return false;
        return bytes[0] switch
        {
            Plain => true,
            // Compared without an addition that could overflow.
            Bound => BinaryPrimitives.ReadInt32BigEndian(bytes[HeaderLength..]) is var length and >= 0
                && length <= bytes.Length - Overhead - sizeof(int),
            _ => false,
        };
    }

    public override string ToString() => $"[sealed, key version {KeyVersion}, {Bytes.Length} bytes]";
}
