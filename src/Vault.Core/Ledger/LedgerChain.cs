using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// The chain rule:
/// <c>hash = SHA-256("vault-ledger-v1" | len32 organization | seq be64 | previous hash (32) | len32 event id | Unix ms
/// be64 | body digest (32))</c>. It runs over the digest of the body, not the body, so that erased bodies leave a chain
/// that verifies. Variable parts carry their length: no two different entries give the same input.
/// </summary>
public static class LedgerChain
{
    private static ReadOnlySpan<byte> Domain => "vault-ledger-v1"u8;

    public static LedgerHash Hash(
        OrganizationId organization,
        long seq,
        LedgerHash previous,
        string eventId,
        DateTimeOffset time,
        LedgerHash bodyDigest
    ) => Hash(organization.Value, seq, previous, eventId, time.ToUnixTimeMilliseconds(), bodyDigest);

    internal static LedgerHash Hash(
        string organization,
        long seq,
        LedgerHash previous,
        string eventId,
        long unixMs,
        LedgerHash bodyDigest
    )
    {
        var size =
            Domain.Length
            + sizeof(uint)
            + Encoding.UTF8.GetByteCount(organization)
            + sizeof(long)
            + LedgerHash.Length
            + sizeof(uint)
            + Encoding.UTF8.GetByteCount(eventId)
            + sizeof(long)
            + LedgerHash.Length;
        byte[]? rented = null;
        var buffer = size <= 512 ? stackalloc byte[512] : (rented = ArrayPool<byte>.Shared.Rent(size));
        try
        {
            Domain.CopyTo(buffer);
            var at = Domain.Length;
            at = Put(buffer, at, organization);
            BinaryPrimitives.WriteInt64BigEndian(buffer[at..], seq);
            previous.CopyTo(buffer[(at + sizeof(long))..]);
            at = Put(buffer, at + sizeof(long) + LedgerHash.Length, eventId);
            BinaryPrimitives.WriteInt64BigEndian(buffer[at..], unixMs);
            bodyDigest.CopyTo(buffer[(at + sizeof(long))..]);
            Span<byte> hash = stackalloc byte[LedgerHash.Length];
            SHA256.HashData(buffer[..(at + sizeof(long) + LedgerHash.Length)], hash);
            return LedgerHash.From(hash);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The pending entry as the link after <paramref name="head"/>.</summary>
    public static LedgerEntry Link(LedgerHead head, PendingEntry pending, LedgerHash bodyDigest)
    {
        ArgumentNullException.ThrowIfNull(pending);
        var seq = head.Seq + 1;
        var hash = Hash(pending.Organization, seq, head.Hash, pending.EventId, pending.Time, bodyDigest);
        return new LedgerEntry(
            pending.Organization,
            seq,
            pending.EventId,
            pending.Time,
            pending.Body,
            bodyDigest,
            head.Hash,
            hash,
            pending.Index
        );
    }

    private static int Put(Span<byte> to, int at, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, to[(at + sizeof(uint))..]);
        BinaryPrimitives.WriteInt32BigEndian(to[at..], length);
        return at + sizeof(uint) + length;
    }
}
