using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Ledger;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

public sealed class LedgerChainTests
{
    private static readonly DateTimeOffset Time = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_rule_as_written_down()
    {
        // An independent writing of the rule: who wants to verify without this code needs only this.
        var (previous, digest) = (SHA256.HashData("p"u8), SHA256.HashData("d"u8));
        var input = new MemoryStream();
        input.Write("vault-ledger-v1"u8);
        Length(input, Acme.Value);
        Number(input, 7);
        input.Write(previous);
        Length(input, "evt_01hzzzzzzzzzzzzzzzzzzzzzzz");
        Number(input, 1_772_366_400_000);
        input.Write(digest);
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(input.ToArray())),
            LedgerChain
                .Hash(
                    Acme,
                    7,
                    LedgerHash.From(previous),
                    "evt_01hzzzzzzzzzzzzzzzzzzzzzzz",
                    Time,
                    LedgerHash.From(digest)
                )
                .ToString()
        );
    }

    [Fact]
    public void Every_part_changes_the_hash()
    {
        var (a, b) = (LedgerHash.Of("a"u8), LedgerHash.Of("b"u8));
        LedgerHash[] hashes =
        [
            LedgerChain.Hash(Acme, 1, a, "evt_1", Time, a),
            LedgerChain.Hash(Globex, 1, a, "evt_1", Time, a),
            LedgerChain.Hash(Acme, 2, a, "evt_1", Time, a),
            LedgerChain.Hash(Acme, 1, b, "evt_1", Time, a),
            LedgerChain.Hash(Acme, 1, a, "evt_2", Time, a),
            LedgerChain.Hash(Acme, 1, a, "evt_1", Time.AddMilliseconds(1), a),
            LedgerChain.Hash(Acme, 1, a, "evt_1", Time, b),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public void A_very_long_event_id_is_hashed_too() =>
        Assert.NotEqual(
            LedgerChain.Hash(Acme, 1, default, new string('x', 5_000), Time, default),
            LedgerChain.Hash(Acme, 1, default, new string('x', 5_001), Time, default)
        );

    [Fact]
    public void A_hash_round_trips_through_text_and_bytes()
    {
        var hash = LedgerHash.Of("x"u8);
        Assert.True(LedgerHash.TryParse(hash.ToString(), out var back));
        Assert.Equal(hash, back);
        Assert.Equal(hash, LedgerHash.From(hash.ToArray()));
        Assert.False(LedgerHash.TryParse(hash.ToString()[1..], out _));
        Assert.False(LedgerHash.TryParse("z" + hash.ToString()[1..], out _));
        Assert.False(LedgerHash.TryParse(null, out _));
        Assert.Equal(LedgerHash.Zero, LedgerHash.From(new byte[32]));
    }

    private static void Length(Stream to, string text)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
        to.Write(length);
        to.Write(Encoding.UTF8.GetBytes(text));
    }

    private static void Number(Stream to, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        to.Write(bytes);
    }
}
