using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// The export format: one JSON object per line, one line per entry, and a last line with the head. The body is a JSON
/// string that holds its exact bytes, so a tool that reformats the lines does not break the chain.
/// </summary>
public static class LedgerLine
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Writes the entry and a line feed.</summary>
    public static void Write(IBufferWriter<byte> to, LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(entry);
        using (var json = new Utf8JsonWriter(to))
        {
            json.WriteStartObject();
            json.WriteString("organization_id"u8, entry.Organization.Value);
            json.WriteNumber("seq"u8, entry.Seq);
            json.WriteString("event_id"u8, entry.EventId);
            json.WriteString("time"u8, entry.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
            if (entry.Body is { } body)
                json.WriteString("body"u8, body.Span);
            else
                json.WriteNull("body"u8);
            json.WriteString("body_digest"u8, entry.BodyDigest.ToString());
            json.WriteString("prev_hash"u8, entry.PrevHash.ToString());
            json.WriteString("hash"u8, entry.Hash.ToString());
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    /// <summary>Writes the last line: the chain's head at the time of the export.</summary>
    public static void WriteHead(IBufferWriter<byte> to, OrganizationId organization, LedgerHead head)
    {
        ArgumentNullException.ThrowIfNull(to);
        using (var json = new Utf8JsonWriter(to))
        {
            json.WriteStartObject();
            json.WriteString("organization_id"u8, organization.Value);
            json.WriteStartObject("head"u8);
            json.WriteNumber("seq"u8, head.Seq);
            json.WriteString("hash"u8, head.Hash.ToString());
            json.WriteEndObject();
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    /// <summary>
    /// Parses a line. Exactly one of the three is set: an entry, a head, or the reason why it is neither.
    /// </summary>
    public static (LedgerEntry? Entry, (OrganizationId Organization, LedgerHead Head)? Head, string? Why) Read(
        string line
    )
    {
        ArgumentNullException.ThrowIfNull(line);
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return (null, null, "it is not a JSON object");
            if (!OrganizationId.TryParse(Text(root, "organization_id"), out var organization))
                return (null, null, "'organization_id' is missing or malformed");
            if (root.TryGetProperty("head", out var head))
            {
                return
                    head.ValueKind == JsonValueKind.Object
                    && Number(head, "seq") is { } at
                    && LedgerHash.TryParse(Text(head, "hash"), out var end)
                    ? (null, (organization, new LedgerHead(at, end)), null)
                    : (null, null, "'head' needs 'seq' and 'hash'");
            }

            if (Number(root, "seq") is not { } seq)
                return (null, null, "'seq' is missing or not a positive number");
            if (Text(root, "event_id") is not { Length: > 0 } eventId)
                return (null, null, "'event_id' is missing");
            if (
                !DateTimeOffset.TryParseExact(
                    Text(root, "time"),
                    TimeFormat,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                    out var time
                )
            )
                return (null, null, "'time' is missing or malformed");
            if (
                !root.TryGetProperty("body", out var body)
                || body.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)
            )
                return (null, null, "'body' is missing or not a string");
            if (!LedgerHash.TryParse(Text(root, "body_digest"), out var digest))
                return (null, null, "'body_digest' is missing or malformed");
            if (!LedgerHash.TryParse(Text(root, "prev_hash"), out var previous))
                return (null, null, "'prev_hash' is missing or malformed");
            if (!LedgerHash.TryParse(Text(root, "hash"), out var hash))
                return (null, null, "'hash' is missing or malformed");
            ReadOnlyMemory<byte>? bytes = body.GetString() is { } text ? Encoding.UTF8.GetBytes(text) : null;

            // The query columns are not exported, because they follow from the body.
            var index = bytes is { } present ? LedgerBody.IndexOf(present.Span) : LedgerIndex.Erased;
            return (
                new LedgerEntry(organization, seq, eventId, time, bytes, digest, previous, hash, index),
                null,
                null
            );
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, null, "it is not JSON");
        }
    }

    private static string? Text(JsonElement from, string name) =>
        from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement from, string name) =>
        from.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number)
        && number >= 0
            ? number
            : null;
}
