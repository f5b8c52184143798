using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.Host.Composition;

/// <summary>
/// The operating system's randomness. Ids and salts, of which a request needs several, are served from a block that
/// each thread fetches at once; whatever is long enough to be a key or a nonce is fetched by itself. No byte is served
/// twice, and a served byte is zeroed in the block.
/// </summary>
public sealed class SystemEntropy : IEntropy
{
    private const int BlockLength = 512;
    private const int MaxFromBlock = 16;

    [ThreadStatic]
    private static byte[]? _block;

    [ThreadStatic]
    private static int _left;

    public void Fill(Span<byte> destination)
    {
        if (destination.Length > MaxFromBlock)
        {
            RandomNumberGenerator.Fill(destination);
            return;
        }

        var block = _block ??= new byte[BlockLength];
        if (_left < destination.Length)
        {
            RandomNumberGenerator.Fill(block);
            _left = BlockLength;
        }

        // From the end, and the count goes down first: nothing between these lines can hand out the same bytes again.
        _left -= destination.Length;
        var served = block.AsSpan(_left, destination.Length);
        served.CopyTo(destination);
        CryptographicOperations.ZeroMemory(served);
    }
}
