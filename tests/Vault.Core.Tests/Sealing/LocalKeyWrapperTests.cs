using Vault.Core.Sealing;
using Vault.TestKit;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

public sealed class LocalKeyWrapperTests
{
    private readonly SeededEntropy _entropy = new();

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    public void A_master_key_of_wrong_length_is_refused(int length)
    {
        var key = new byte[length];
        Array.Fill(key, (byte)7);
        Assert.Throws<ArgumentException>(() => new LocalKeyWrapper(key, _entropy));
    }

    [Fact]
    public void A_master_key_of_zeros_is_refused() =>
        Assert.Contains(
            "all zero",
            Assert.Throws<ArgumentException>(() => new LocalKeyWrapper(new byte[32], _entropy)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task It_unwraps_in_its_place_only()
    {
        using var wrapper = new LocalKeyWrapper(MasterKey(1), _entropy);
        var key = MasterKey(9);
        var wrapped = await wrapper.WrapAsync(Acme, 3, key, default);
        Assert.Equal(key, await wrapper.UnwrapAsync(Acme, 3, wrapper.MasterKeyId, wrapped, default));
        await Assert.ThrowsAsync<DecryptionFailedException>(async () =>
            await wrapper.UnwrapAsync(Globex, 3, wrapper.MasterKeyId, wrapped, default)
        );
        await Assert.ThrowsAsync<DecryptionFailedException>(async () =>
            await wrapper.UnwrapAsync(Acme, 4, wrapper.MasterKeyId, wrapped, default)
        );
        for (var i = 0; i < wrapped.Length; i++)
        {
            var changed = wrapped.ToArray();
            changed[i] ^= 0x80;
            await Assert.ThrowsAsync<DecryptionFailedException>(async () =>
                await wrapper.UnwrapAsync(Acme, 3, wrapper.MasterKeyId, changed, default)
            );
            await Assert.ThrowsAsync<DecryptionFailedException>(async () =>
                await wrapper.UnwrapAsync(Acme, 3, wrapper.MasterKeyId, wrapped.AsMemory(0, i), default)
            );
        }
    }

    [Fact]
    public void One_id_never_stands_for_two_keys()
    {
        using var one = new LocalKeyWrapper(MasterKey(1), _entropy);
        using var same = new LocalKeyWrapper(MasterKey(1), _entropy);
        using var two = new LocalKeyWrapper(MasterKey(2), _entropy);
        Assert.Equal(one.MasterKeyId, same.MasterKeyId);
        Assert.NotEqual(one.MasterKeyId, two.MasterKeyId);
        Assert.Throws<ArgumentException>(() => new CompositeKeyWrapper(one, same));
    }
}
