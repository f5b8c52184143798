using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// What a ledger is queried by, beside the body and copied from it. The verifier checks that the copy agrees with the
/// body, so that nobody hides an entry from a query by editing a column. Erasing the body clears these too.
/// </summary>
public sealed record LedgerIndex(
    string? Type,
    string? ExecutionId,
    string? User,
    string? Agent,
    string? Tool,
    string? Account
)
{
    /// <summary>What is left when the personal data of an entry has been erased.</summary>
    public static LedgerIndex Erased { get; } = new(null, null, null, null, null, null);
}

/// <summary>
/// A draft made durable-ready: id and time are fixed, the body is written once and never serialised again. This is what
/// an outbox row holds, and what the writer chains. The event id makes every later step idempotent.
/// </summary>
/// <param name="Organization">The chain it goes to.</param>
/// <param name="EventId"><c>evt_…</c>, unique in the organization.</param>
/// <param name="Time">When it happened, UTC, whole milliseconds.</param>
/// <param name="Body">Canonical UTF-8 JSON; stored verbatim as bytes (bytea/BLOB, never json).</param>
/// <param name="Index">The query columns.</param>
public sealed record PendingEntry(
    OrganizationId Organization,
    string EventId,
    DateTimeOffset Time,
    ReadOnlyMemory<byte> Body,
    LedgerIndex Index
);

/// <summary>One link of an organization's chain, as stored.</summary>
/// <param name="Organization">The chain.</param>
/// <param name="Seq">1, 2, 3, … without gaps.</param>
/// <param name="EventId">Unique in the organization.</param>
/// <param name="Time">UTC, whole milliseconds.</param>
/// <param name="Body">The bytes whose SHA-256 is <paramref name="BodyDigest"/>; null once erased.</param>
/// <param name="BodyDigest">Stays when the body is erased, so the chain still verifies. The body holds a random salt,
/// so nobody can guess it back from the digest.</param>
/// <param name="PrevHash">The hash of entry <paramref name="Seq"/> - 1; zero for the first.</param>
/// <param name="Hash">See <see cref="LedgerChain"/>.</param>
/// <param name="Index">The query columns.</param>
public sealed record LedgerEntry(
    OrganizationId Organization,
    long Seq,
    string EventId,
    DateTimeOffset Time,
    ReadOnlyMemory<byte>? Body,
    LedgerHash BodyDigest,
    LedgerHash PrevHash,
    LedgerHash Hash,
    LedgerIndex Index
);
