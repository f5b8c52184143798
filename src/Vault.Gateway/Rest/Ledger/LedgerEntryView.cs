using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Ledger;

namespace Vault.Gateway.Rest.Ledger;

/// <summary>One entry with its position in the chain.</summary>
/// <param name="Entry">The event as it was written; null after its erasure.</param>
internal sealed record LedgerEntryView(
    long Seq,
    string EventId,
    DateTimeOffset Time,
    string Hash,
    string PrevHash,
    string BodyDigest,
    JsonObject? Entry
)
{
    public static LedgerEntryView Of(LedgerEntry entry) =>
        new(
            entry.Seq,
            entry.EventId,
            entry.Time,
            entry.Hash.ToString(),
            entry.PrevHash.ToString(),
            entry.BodyDigest.ToString(),
            Read(entry)
        );

    public static JsonObject? Read(LedgerEntry entry) =>
        entry.Body is { } body
            ? JsonNode.Parse(body.Span, null, new JsonDocumentOptions { MaxDepth = 128 })!.AsObject()
            : null;
}

internal sealed record HeadView(long Seq, string Hash);

internal sealed record FindingView(long FromSeq, long ToSeq, LedgerFault Fault, string Detail, string? EventId);

internal sealed record VerificationView(
    string OrganizationId,
    bool Intact,
    long Entries,
    long Erased,
    HeadView Head,
    IReadOnlyList<FindingView> Findings,
    long FindingsTotal
);
