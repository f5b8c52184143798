using System.Security.Cryptography;
using System.Text;
using Vault.Core.Sealing;

namespace Vault.Core.Tests.Sealing;

/// <summary>The vectors published with the specification, https://c2sp.org/XAES-256-GCM.</summary>
public sealed class XAes256GcmTests
{
    [Theory]
    [InlineData(0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271")] // the top bit of L is 0
    // the top bit of L is 1
    [InlineData(0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d")]
    public void The_published_vectors(byte keyByte, string associatedData, string expected)
    {
        var key = new byte[32];
        Array.Fill(key, keyByte);
        using var cipher = new XAes256Gcm(key);
        var output = Encrypt(
            cipher,
            "ABCDEFGHIJKLMNOPQRSTUVWX"u8,
            "XAES-256-GCM"u8,
            Encoding.ASCII.GetBytes(associatedData)
        );
        Assert.Equal(expected, Convert.ToHexStringLower(output));
    }

    [Fact]
    public void The_accumulated_randomized_vectors()
    {
        // One SHAKE-128 stream over nothing feeds key, nonce, plaintext and associated data; another hashes the
        // ciphertexts.
        var stream = Shake128.HashData([], 10_000 * (32 + 24 + 2 + 255 + 255)).AsSpan();
        Assert.Equal("7f9c2ba4e88f827d616045507605853e", Convert.ToHexStringLower(stream[..16]));
        using var digest = new Shake128();
        for (var i = 0; i < 10_000; i++)
        {
            var key = Take(ref stream, 32);
            var nonce = Take(ref stream, 24);
            var plaintext = Take(ref stream, Take(ref stream, 1)[0]);
            var associatedData = Take(ref stream, Take(ref stream, 1)[0]);
            using var cipher = new XAes256Gcm(key);
            var output = Encrypt(cipher, nonce, plaintext, associatedData);
            var back = new byte[plaintext.Length];
            cipher.Decrypt(nonce, output.AsSpan(..^16), output.AsSpan(^16), back, associatedData);
            Assert.True(plaintext.SequenceEqual(back));
            digest.AppendData(output);
        }

        Assert.Equal(
            "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939",
            Convert.ToHexStringLower(digest.GetHashAndReset(32))
        );
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(0)]
    public void A_key_of_another_length_is_refused(int length) =>
        Assert.Throws<ArgumentException>(() => new XAes256Gcm(new byte[length]));

    [Fact]
    public void A_nonce_of_another_length_is_refused()
    {
        using var cipher = new XAes256Gcm(new byte[32]);
        Assert.Throws<ArgumentException>(() => cipher.Encrypt(new byte[12], [], [], new byte[16], []));
    }

    [Fact]
    public void What_does_not_open_leaves_no_plaintext()
    {
        using var cipher = new XAes256Gcm(new byte[32]);
        var output = Encrypt(cipher, new byte[24], "secret"u8, []);
        output[^1] ^= 1;
        var plaintext = new byte[6];
        Assert.Throws<DecryptionFailedException>(() =>
            cipher.Decrypt(new byte[24], output.AsSpan(..^16), output.AsSpan(^16), plaintext, [])
        );
        Assert.Equal(new byte[6], plaintext);
    }

    [Fact]
    public async Task One_instance_serves_many_threads()
    {
        using var cipher = new XAes256Gcm(SHA256.HashData("k"u8));
        var expected = Enumerable
            .Range(0, 64)
            .Select(i => Convert.ToHexString(Encrypt(cipher, Nonce(i), "value"u8, [])))
            .ToArray();
        var results = await Task.WhenAll(
            Enumerable
                .Range(0, 64 * 50)
                .Select(i =>
                    Task.Run(() => (I: i % 64, Out: Convert.ToHexString(Encrypt(cipher, Nonce(i % 64), "value"u8, []))))
                )
        );
        Assert.All(results, r => Assert.Equal(expected[r.I], r.Out));
    }

    private static byte[] Nonce(int i)
    {
        var nonce = new byte[24];
        nonce[0] = (byte)i;
        return nonce;
    }

    private static Span<byte> Take(ref Span<byte> stream, int length)
    {
        var taken = stream[..length];
        stream = stream[length..];
        return taken;
    }

    private static byte[] Encrypt(
        XAes256Gcm cipher,
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> plaintext,
        ReadOnlySpan<byte> associatedData
    )
    {
        var output = new byte[plaintext.Length + 16];
        cipher.Encrypt(nonce, plaintext, output.AsSpan(..^16), output.AsSpan(^16), associatedData);
        return output;
    }
}
