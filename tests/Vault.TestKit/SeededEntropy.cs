using System.Buffers.Binary;
using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.TestKit;

/// <summary>
/// Repeatable randomness: SHA-256 in counter mode over a seed. Safe for concurrent use; no two calls get the same
/// bytes.
/// </summary>
public sealed class SeededEntropy(int seed = 1) : IEntropy
{
    private long _counter;

    public void Fill(Span<byte> destination)
    {
        Span<byte> input = stackalloc byte[12];
        Span<byte> block = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32BigEndian(input, seed);
        while (destination.Length > 0)
        {
            BinaryPrimitives.WriteInt64BigEndian(input[4..], Interlocked.Increment(ref _counter));
            SHA256.HashData(input, block);
            var n = Math.Min(block.Length, destination.Length);
            block[..n].CopyTo(destination);
            destination = destination[n..];
        }
    }
}
