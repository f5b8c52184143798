using System.Buffers.Binary;
using Vault.Core.Identity;

namespace Vault.Simulation;

/// <summary>
/// Repeatable chance (SplitMix64). Everything a schedule draws comes from one of these, so its seed tells all.
/// </summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="end"/> - 1.</summary>
    public int Below(int end) => (int)((Next() >> 33) % (ulong)end);

    public int Between(int first, int last) => first + Below(last - first + 1);

    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(params ReadOnlySpan<T> among) => among[Below(among.Length)];
}

/// <summary>A host's randomness: ids, jitter and nonces of a schedule repeat with its seed.</summary>
internal sealed class DiceEntropy(ulong seed, bool constant) : IEntropy
{
    private readonly Dice _dice = new(seed);

    public void Fill(Span<byte> destination)
    {
        // Jitter asks for four bytes, an id or a nonce for more; a host without jitter still needs ids that differ.
        if (constant && destination.Length == 4)
        {
            destination.Fill(0x7f);
            return;
        }

        Span<byte> block = stackalloc byte[8];
        for (; destination.Length > 0; destination = destination[Math.Min(8, destination.Length)..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(block, _dice.Next());
            block[..Math.Min(8, destination.Length)].CopyTo(destination);
        }
    }
}
