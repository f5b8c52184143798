using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Vault.Core.Ledger;

/// <summary>A SHA-256 value with value equality, without an array. Not secret.</summary>
public readonly record struct LedgerHash
{
    public const int Length = 32;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private LedgerHash(UInt128 high, UInt128 low) => (_high, _low) = (high, low);

    /// <summary>All zero: the previous hash of the first entry of a chain.</summary>
    public static LedgerHash Zero => default;

    public static LedgerHash From(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Length
            ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]))
            : throw new ArgumentException($"A hash has {Length} bytes.", nameof(bytes));

    public static LedgerHash Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(data, hash);
        return From(hash);
    }

    public static bool TryParse([NotNullWhen(true)] string? hex, out LedgerHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Length];
        if (
            hex is null
            || hex.Length != 2 * Length
            || Convert.FromHexString(hex, bytes, out _, out _) != System.Buffers.OperationStatus.Done
        )
            return false;
        hash = From(bytes);
        return true;
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], _low);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}

/// <summary>
/// The end of a chain: the last sequence number and its hash. A customer who keeps one can later prove that nothing
/// before it changed.
/// </summary>
public readonly record struct LedgerHead(long Seq, LedgerHash Hash)
{
    /// <summary>The head of a chain without entries.</summary>
    public static LedgerHead Genesis => default;
}
