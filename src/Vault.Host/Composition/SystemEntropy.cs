using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.Host.Composition;

/// <summary>
/// The operating system's random number generator. Ids and salts, several per request, come from a block that each
/// thread fetches at once; requests long enough for a key or a nonce are fetched individually. No byte is returned
/// twice, and a returned byte is zeroed in the block.
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

        // Decrement before copying: no later call can return the same bytes.
        _left -= destination.Length;
        var served = block.AsSpan(_left, destination.Length);
        served.CopyTo(destination);
        CryptographicOperations.ZeroMemory(served);
    }
}
