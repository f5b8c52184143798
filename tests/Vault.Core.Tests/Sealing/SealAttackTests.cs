using Vault.Core.Identity;
using Vault.Core.Sealing;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

/// <summary>What somebody with the database but without the master key might try (law 11).</summary>
public sealed class SealAttackTests : IDisposable
{
    private readonly SealingBench _bench = new();

    [Fact]
    public async Task A_value_opens_where_it_was_sealed()
    {
        var blob = await _bench.SealAsync("xoxb-token", Acme);
        Assert.Equal("xoxb-token", await _bench.OpenAsync(blob, Acme));
        Assert.Equal(SealedBlob.Overhead + 10, blob.Bytes.Length);
        Assert.DoesNotContain("xoxb", blob.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_value_opens_too() =>
        Assert.Equal("", await _bench.OpenAsync(await _bench.SealAsync("", Acme), Acme));

    [Fact]
    public async Task A_blob_swapped_to_another_row_does_not_open()
    {
        var blob = await _bench.SealAsync("alice", At(Acme, "conn_1"));
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(blob, At(Acme, "conn_2")));
    }

    [Fact]
    public async Task A_blob_swapped_to_another_field_does_not_open()
    {
        var account = new AccountId("ca_01hzzzzzzzzzzzzzzzzzzzzzzz");
        var blob = await _bench.SealAsync("refresh", SealContext.Grant(Acme, account, 1));
        await Assert.ThrowsAsync<DecryptionFailedException>(() =>
            _bench.OpenAsync(blob, SealContext.Credential(Acme, account, 1))
        );
    }

    [Fact]
    public async Task An_old_generation_put_back_does_not_open()
    {
        var blob = await _bench.SealAsync("first", At(Acme, generation: 1));
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(blob, At(Acme, generation: 2)));
    }

    [Fact]
    public async Task A_blob_of_another_organization_does_not_open_although_both_have_a_key_of_that_version()
    {
        var blob = await _bench.SealAsync("acme", Acme);
        await _bench.SealAsync("globex", Globex);
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(blob, Globex));
    }

    [Fact]
    public async Task Another_organizations_wrapped_key_copied_over_does_not_unwrap()
    {
        await _bench.SealAsync("acme", Acme);
        await _bench.SealAsync("globex", Globex);
        var stolen = await _bench.Keys.FindActiveAsync(Acme, default);
        _bench.Keys.Tamper((await _bench.Keys.FindActiveAsync(Globex, default))! with { Wrapped = stolen!.Wrapped });
        _bench.Keyring.Forget(Globex);
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.SealAsync("x", Globex));
    }

    [Fact]
    public async Task A_wrapped_key_copied_to_another_version_does_not_unwrap()
    {
        await _bench.SealAsync("acme", Acme);
        var row = (await _bench.Keys.FindActiveAsync(Acme, default))!;
        _bench.Keys.Tamper(row with { Version = 2 });
        await Assert.ThrowsAsync<DecryptionFailedException>(async () =>
            await _bench.Keyring.HoldVersionAsync(Acme, 2, default)
        );
    }

    [Fact]
    public async Task Every_flipped_bit_of_every_byte_is_found()
    {
        var blob = await _bench.SealAsync("abc", Acme);
        for (var i = 0; i < blob.Bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var bytes = blob.Bytes.ToArray();
                bytes[i] ^= (byte)(1 << bit);
                await Assert.ThrowsAsync<DecryptionFailedException>(() =>
                    _bench.OpenAsync(new SealedBlob(blob.KeyVersion, bytes), Acme)
                );
            }
        }
    }

    [Fact]
    public async Task Every_truncation_and_an_extension_are_found()
    {
        var blob = await _bench.SealAsync("abc", Acme);
        for (var length = 0; length < blob.Bytes.Length; length++)
            await Assert.ThrowsAsync<DecryptionFailedException>(() =>
                _bench.OpenAsync(new SealedBlob(blob.KeyVersion, blob.Bytes[..length]), Acme)
            );
        await Assert.ThrowsAsync<DecryptionFailedException>(() =>
            _bench.OpenAsync(new SealedBlob(blob.KeyVersion, blob.Bytes.ToArray().Append((byte)0).ToArray()), Acme)
        );
    }

    [Fact]
    public async Task A_row_that_names_another_version_than_the_blob_does_not_open()
    {
        var blob = await _bench.SealAsync("v", Acme);
        var second = (await _bench.Keys.FindActiveAsync(Acme, default))!;
        using var key = await _bench.ActiveAsync(Acme);
        Assert.Throws<DecryptionFailedException>(() => Sealer.Open(key, blob with { KeyVersion = 2 }, At(Acme)));

        // Both columns changed together: there is no such key.
        Assert.Equal(1u, second.Version);
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(blob with { KeyVersion = 2 }, Acme));
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(blob with { KeyVersion = 0 }, Acme));
    }

    [Fact]
    public async Task The_same_value_never_gives_the_same_bytes_and_no_nonce_repeats()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 2_000; i++)
            Assert.True(seen.Add(Convert.ToHexString((await _bench.SealAsync("same", Acme)).Bytes.Span.Slice(5, 24))));
    }

    [Fact]
    public async Task Under_a_wrong_master_key_nothing_opens()
    {
        var blob = await _bench.SealAsync("v", Acme);
        using var wrong = new LocalKeyWrapper(MasterKey(2), _bench.Entropy);
        var other = new Sealer(_bench.NewKeyring(wrong), _bench.Entropy);
        var unknown = await Assert.ThrowsAsync<MasterKeyUnknownException>(async () =>
            await other.OpenAsync(blob, At(Acme), default)
        );
        Assert.Equal(_bench.Wrapper.MasterKeyId, unknown.MasterKeyId);

        // The attacker who also renames the master key in the row gets no further.
        _bench.Keys.Tamper(
            (await _bench.Keys.FindActiveAsync(Acme, default))! with
            {
                MasterKeyId = wrong.MasterKeyId,
            }
        );
        await Assert.ThrowsAsync<DecryptionFailedException>(async () => await other.OpenAsync(blob, At(Acme), default));
    }

    [Fact]
    public async Task A_key_in_hand_of_another_organization_is_a_bug_that_is_loud()
    {
        using var key = await _bench.ActiveAsync(Acme);
        Assert.Throws<ArgumentException>(() => _bench.Sealer.Seal(key, "v"u8, At(Globex)));
    }

    [Fact]
    public void The_failure_says_nothing_about_the_cause()
    {
        var broken = new DecryptionFailedException();
        Assert.Null(broken.InnerException);
        Assert.Equal("A sealed value does not open in the place where it was found.", broken.Message);
    }

    [Fact]
    public void A_context_needs_every_part()
    {
        Assert.Throws<ArgumentException>(() => At(default));
        Assert.Throws<ArgumentException>(() => At(Acme, ""));
        Assert.Throws<ArgumentOutOfRangeException>(() => At(Acme, generation: -1));
    }

    public void Dispose() => _bench.Dispose();
}
