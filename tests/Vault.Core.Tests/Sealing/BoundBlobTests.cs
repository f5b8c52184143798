using System.Text;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.TestKit.Sealing;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

/// <summary>The origins of a credential are stored with its ciphertext and are part of what authenticates it.</summary>
public sealed class BoundBlobTests : IDisposable
{
    private static readonly Destinations Origins = Destinations.Of(["https://b.example:8443", "https://a.example"]);
    private readonly SealingBench _bench = new();

    [Fact]
    public async Task A_bound_value_opens_in_its_place_and_shows_its_origins()
    {
        var blob = await _bench.SealAsync("token", At(Acme).BoundTo(Origins));
        Assert.Equal("token", await _bench.OpenAsync(blob, At(Acme)));
        Assert.Equal(["https://a.example", "https://b.example:8443"], blob.ReadDestinations()!.Origins);
        Assert.Null((await _bench.SealAsync("token", At(Acme))).ReadDestinations());
    }

    [Fact]
    public async Task A_value_may_be_bound_to_no_origin()
    {
        var blob = await _bench.SealAsync("token", At(Acme).BoundTo(Destinations.Of([])));
        Assert.Equal("token", await _bench.OpenAsync(blob, At(Acme)));
        Assert.Empty(blob.ReadDestinations()!.Origins);
    }

    [Fact]
    public async Task Whoever_changes_the_origins_cannot_open_it()
    {
        var blob = await _bench.SealAsync("token", At(Acme).BoundTo(Origins));
        var bytes = blob.Bytes.ToArray();
        var at = bytes.AsSpan().IndexOf("a.example"u8);
        "e.example"u8.CopyTo(bytes.AsSpan(at));
        var forged = new SealedBlob(blob.KeyVersion, bytes);
        Assert.Contains("https://e.example", forged.ReadDestinations()!.Origins);
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(forged, At(Acme)));
    }

    [Fact]
    public async Task Whoever_takes_the_origins_off_cannot_open_it()
    {
        var blob = await _bench.SealAsync("token", At(Acme).BoundTo(Origins));
        var header = Encoding.UTF8.GetByteCount(string.Join('\n', Origins.Origins)) + 4;
        byte[] bytes = [1, .. blob.Bytes.Span[1..5], .. blob.Bytes.Span[(5 + header)..]];
        var stripped = new SealedBlob(blob.KeyVersion, bytes);
        Assert.Null(stripped.ReadDestinations());
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(stripped, At(Acme)));
    }

    [Fact]
    public async Task Whoever_gives_origins_to_an_unbound_value_cannot_open_it()
    {
        var plain = await _bench.SealAsync("token", At(Acme));
        var origins = "https://evil.example"u8.ToArray();
        byte[] bytes =
        [
            2,
            .. plain.Bytes.Span[1..5],
            0,
            0,
            0,
            (byte)origins.Length,
            .. origins,
            .. plain.Bytes.Span[5..],
        ];
        var forged = new SealedBlob(plain.KeyVersion, bytes);
        Assert.Equal(["https://evil.example"], forged.ReadDestinations()!.Origins);
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(forged, At(Acme)));
    }

    [Theory]
    [InlineData(0xff, 0xff, 0xff, 0xff)]
    [InlineData(0x7f, 0xff, 0xff, 0xff)]
    [InlineData(0, 0, 1, 0)]
    public async Task A_length_that_lies_is_refused(byte a, byte b, byte c, byte d)
    {
        var blob = await _bench.SealAsync("token", At(Acme).BoundTo(Origins));
        byte[] bytes = [.. blob.Bytes.Span[..5], a, b, c, d, .. blob.Bytes.Span[9..]];
        var forged = new SealedBlob(blob.KeyVersion, bytes);
        Assert.Null(forged.ReadDestinations());
        await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(forged, At(Acme)));
    }

    [Fact]
    public async Task A_grant_of_other_origins_is_another_value_of_the_same_place()
    {
        var account = new AccountId("ca_01hzzzzzzzzzzzzzzzzzzzzzzz");
        var place = SealContext.Grant(Acme, account, 1);
        var (one, other) = (
            await _bench.SealAsync("token", place.BoundTo(Origins)),
            await _bench.SealAsync("token", place.BoundTo(Destinations.Of(["https://a.example"])))
        );
        Assert.NotEqual(one.ReadDestinations(), other.ReadDestinations());
        Assert.Equal("token", await _bench.OpenAsync(other, place));
    }

    [Theory]
    [InlineData("https://a.example/x", true)]
    [InlineData("https://A.EXAMPLE:443/x", true)]
    [InlineData("https://b.example:8443/", true)]
    [InlineData("https://b.example/", false)]
    [InlineData("https://b.example:844/", false)]
    [InlineData("http://a.example/", false)]
    [InlineData("https://a.example.evil.example/", false)]
    [InlineData("https://a.exampl/", false)]
    [InlineData("https://a.example:8443/", false)]
    [InlineData("https://xa.example/", false)]
    public void A_url_is_covered_by_scheme_host_and_port(string url, bool covered)
    {
        Assert.Equal(covered, Origins.Covers(new Uri(url)));
        Assert.Equal(covered, Origins.Covers(Destinations.OriginOf(new Uri(url))));
    }

    [Fact]
    public void An_address_of_version_6_keeps_its_brackets()
    {
        var url = new Uri("http://[::1]:9090/x");
        Assert.Equal("http://[::1]:9090", Destinations.OriginOf(url));
        Assert.True(Destinations.Of([Destinations.OriginOf(url)]).Covers(url));
    }

    [Fact]
    public async Task A_rotation_of_the_key_keeps_the_origins()
    {
        var rows = new InMemorySealedRows();
        var place = At(Acme, "row-1");
        rows.Put("row-1", new SealedField(place, await _bench.SealAsync("token", place.BoundTo(Origins))));
        var rotation = new KeyRotation(
            _bench.Keys,
            new InMemoryKeyRotationStore(),
            rows,
            _bench.Wrapper,
            _bench.Keyring,
            _bench.Sealer,
            new IdFactory(_bench.Time, _bench.Entropy),
            _bench.Entropy,
            _bench.Time
        );
        await rotation.BeginAsync(Acme, "key_1", default);
        await rotation.ResumeAsync(Acme, default);
        var blob = Assert.Single(rows.All).Fields[0].Blob;
        Assert.Equal(2u, blob.KeyVersion);
        Assert.Equal(Origins, blob.ReadDestinations());
        Assert.Equal("token", await _bench.OpenAsync(blob, place));
    }

    public void Dispose() => _bench.Dispose();
}
