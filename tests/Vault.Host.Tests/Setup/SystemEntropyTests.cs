using Vault.Host.Composition;

namespace Vault.Host.Tests.Setup;

public sealed class SystemEntropyTests
{
    /// <summary>
    /// 80 bits each, from many blocks and several threads: one repetition would be a block that was served twice.
    /// </summary>
    [Fact]
    public void No_two_draws_are_the_same()
    {
        var entropy = new SystemEntropy();
        var drawn = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        Parallel.For(0, 4, _ =>
        {
            Span<byte> bytes = stackalloc byte[10];
            for (var i = 0; i < 2_000; i++)
            {
                entropy.Fill(bytes);
                drawn[Convert.ToHexString(bytes)] = true;
            }
        });
        Assert.Equal(8_000, drawn.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    public void Every_byte_is_filled(int length)
    {
        var entropy = new SystemEntropy();
        var seen = new byte[length];
        for (var i = 0; i < 64; i++)
        {
            var bytes = new byte[length];
            entropy.Fill(bytes);
            for (var at = 0; at < length; at++)
                seen[at] |= bytes[at];
        }

        // 64 draws leave a byte at zero with a chance of 2^-512.
        Assert.DoesNotContain((byte)0, seen);
    }
}
