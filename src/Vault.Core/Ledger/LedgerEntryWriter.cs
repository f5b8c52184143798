using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Serializes a draft once, as canonical JSON: fields in a fixed order, all present, no white space, times in UTC with
/// milliseconds. The outbox and the writer's queue store these bytes. Safe for concurrent use.
/// </summary>
public sealed class LedgerEntryWriter(IEntropy entropy)
{
    private const int SaltLength = 16;

    // One buffer and one writer per thread: the hot path allocates only the body. Safe because the writer is not used
    // after the call that took it.
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? _writer;

    public PendingEntry Write(LedgerDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (draft.Organization.Value is null)
            throw new ArgumentException("A ledger draft needs its organization.", nameof(draft));
        if (!IdFactory.IsId(draft.EventId, "evt_"))
            throw new ArgumentException("A ledger draft needs an event id of the form evt_….", nameof(draft));
        if (draft.Details is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Undefined) })
            throw new ArgumentException("Details are a JSON object.", nameof(draft));

        // Whole milliseconds: every database keeps them, and the chain hashes them.
        var time = DateTimeOffset.FromUnixTimeMilliseconds(draft.Time.ToUnixTimeMilliseconds());
        var (buffer, json) = _writer ??= NewWriter();
        try
        {
            Write(json, draft, time);
            json.Flush();
            var index = new LedgerIndex(
                draft.Type,
                draft.ExecutionId,
                draft.User,
                draft.Agent,
                draft.Tool,
                draft.Account
            );
            return new PendingEntry(draft.Organization, draft.EventId, time, buffer.WrittenSpan.ToArray(), index);
        }
        catch
        {
            _writer = null;
            throw;
        }
        finally
        {
            buffer.ResetWrittenCount();
            json.Reset(buffer);
        }
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) NewWriter()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        return (buffer, new Utf8JsonWriter(buffer));
    }

    private void Write(Utf8JsonWriter json, LedgerDraft draft, DateTimeOffset time)
    {
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteString("event_id"u8, draft.EventId);
        json.WriteString("organization_id"u8, draft.Organization.Value);
        json.WriteString("type"u8, draft.Type);
        Time(json, time);
        json.WriteString("caller"u8, draft.Caller);
        json.WriteString("agent"u8, draft.Agent);
        json.WriteString("user_id"u8, draft.User);
        Texts(json, "delegation"u8, draft.Delegation);
        json.WriteString("execution_id"u8, draft.ExecutionId);
        json.WriteString("agent_run_id"u8, draft.AgentRunId);
        json.WriteString("trace_id"u8, draft.TraceId);
        json.WriteString("tool"u8, draft.Tool);
        json.WriteString("tool_version"u8, draft.ToolVersion);
        json.WriteString("connected_account_id"u8, draft.Account);
        json.WriteString("connection"u8, draft.Connection);
        json.WriteString("provider"u8, draft.Provider);
        Texts(json, "scopes_granted"u8, draft.ScopesGranted);
        Texts(json, "scopes_used"u8, draft.ScopesUsed);
        json.WriteString("argument_digest"u8, draft.ArgumentDigest);
        json.WriteString("outcome"u8, draft.Outcome);
        json.WriteString("error_code"u8, draft.ErrorCode);
        json.WriteString("status_reason"u8, draft.StatusReason);
        Number(json, "upstream_status"u8, draft.UpstreamStatus);
        Number(json, "total_ms"u8, draft.TotalMs);
        Number(json, "upstream_ms"u8, draft.UpstreamMs);
        json.WritePropertyName("details"u8);
        if (draft.Details is { ValueKind: JsonValueKind.Object } details)
            details.WriteTo(json);
        else
            json.WriteNullValue();

        // The salt makes the digest a hiding commitment: after the body is erased, a guess of it cannot be confirmed by
        // hashing.
        Span<byte> salt = stackalloc byte[SaltLength];
        entropy.Fill(salt);
        json.WriteBase64String("salt"u8, salt);
        json.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter json, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[32];
        time.UtcDateTime.TryFormat(
            text,
            out var length,
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
            System.Globalization.CultureInfo.InvariantCulture
        );
        json.WriteString("time"u8, text[..length]);
    }

    private static void Texts(Utf8JsonWriter json, ReadOnlySpan<byte> name, ImmutableArray<string> texts)
    {
        json.WriteStartArray(name);
        if (!texts.IsDefault)
            foreach (var text in texts)
                json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}
