using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// The columns that a query filters by; a copy from the body. The verifier compares the copy with the body, so an
/// edited column cannot hide an entry from a query. Erasing the body clears the columns too.
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
    /// <summary>The columns after the personal data of an entry was erased.</summary>
    public static LedgerIndex Erased { get; } = new(null, null, null, null, null, null);
}

/// <summary>
/// A draft that is ready to be stored: id and time are fixed, the body is serialized once and never again. An outbox
/// row holds it, and the writer links it. The event id makes every later step idempotent.
/// </summary>
/// <param name="Organization">The chain it goes to.</param>
/// <param name="EventId"><c>evt_…</c>, unique in the organization.</param>
/// <param name="Time">When the act happened, UTC, whole milliseconds.</param>
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
/// <param name="BodyDigest">Remains when the body is erased, so the chain still verifies. The body holds a random salt,
/// so it cannot be guessed from the digest.</param>
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
