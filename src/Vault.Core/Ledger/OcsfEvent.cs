using System.Text.Json;

namespace Vault.Core.Ledger;

/// <summary>
/// A ledger entry as an event of the Open Cybersecurity Schema Framework 1.8.0, for a SIEM. An execution is API
/// Activity (6003), any other event Entity Management (3004), an erased entry the Base Event (0). This version of the
/// schema has no agent or delegation object, so these are under <c>unmapped</c>.
/// </summary>
public static class OcsfEvent
{
    private const string SchemaVersion = "1.8.0";
    private const int ApiActivity = 6003;
    private const int EntityManagement = 3004;

    public static void Write(Utf8JsonWriter json, LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Body is not { } bytes)
        {
            json.WriteStartObject();
            Base(json, entry, 0, 0, "Erased", null);
            Status(json, 99, "Erased", null);
            json.WriteEndObject();
            return;
        }

        using var document = JsonDocument.Parse(bytes);
        var body = document.RootElement;
        var type = Text(body, "type") ?? "";
        var isApi = type.StartsWith("execution.", StringComparison.Ordinal);
        var (activity, name) = isApi ? ApiActivityOf(body) : EntityActivityOf(type);
        json.WriteStartObject();
        Base(json, entry, isApi ? ApiActivity : EntityManagement, activity, name, body);
        Outcome(json, body, type, isApi);
        Actor(json, body);
        if (isApi)
            Api(json, body, type);
        else
            Entity(json, body, type);
        Unmapped(json, entry, body);
        json.WriteEndObject();
    }

    // 1 create, 2 read, 3 update, 4 delete, 99 other. The details hold the effect of the tool.
    private static (int Id, string Name) ApiActivityOf(JsonElement body) =>
        (
            body.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object
                ? Text(details, "effect")
                : null
        ) switch
        {
            "read" => (2, "Read"),
            "write" => (3, "Update"),
            "destructive" => (4, "Delete"),
            _ => (99, Text(body, "tool") ?? "Execute"),
        };

    private static (int Id, string Name) EntityActivityOf(string type) =>
        type[(type.IndexOf('.', StringComparison.Ordinal) + 1)..] switch
        {
            "created" or "connected" or "link_created" => (1, "Create"),
            "credential_read" => (2, "Read"),
            "deleted" or "erased" or "revoked" or "disconnected" => (4, "Delete"),
            "" => (0, "Unknown"),
            _ => (3, "Update"),
        };

    private static void Base(
        Utf8JsonWriter json,
        LedgerEntry entry,
        int classUid,
        int activity,
        string activityName,
        JsonElement? body
    )
    {
        json.WriteNumber("class_uid"u8, classUid);
        json.WriteNumber("category_uid"u8, classUid / 1000);
        json.WriteNumber("activity_id"u8, activity);
        json.WriteString("activity_name"u8, activityName);
        json.WriteNumber("type_uid"u8, (classUid * 100) + activity);
        json.WriteNumber("time"u8, entry.Time.ToUnixTimeMilliseconds());
        json.WriteStartObject("metadata"u8);
        json.WriteString("version"u8, SchemaVersion);
        json.WriteString("uid"u8, entry.EventId);
        json.WriteNumber("sequence"u8, entry.Seq);
        json.WriteString("tenant_uid"u8, entry.Organization.Value);
        Optional(json, "event_code"u8, body, "type");
        Optional(json, "correlation_uid"u8, body, "execution_id");
        json.WriteStartObject("product"u8);
        json.WriteString("name"u8, "Vault.Orleans"u8);
        json.WriteString("vendor_name"u8, "Vault.Orleans"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Outcome(Utf8JsonWriter json, JsonElement body, string type, bool isApi)
    {
        var error = Text(body, "error_code");
        var outcome = Text(body, "outcome");
        // The outcome of an execution is one of four words. That of any other event is the status it leads to, so the
        // event itself says whether something failed: a lost grant did, a revocation did what it should.
        if (!isApi)
        {
            var failed =
                error is not null
                || type.EndsWith("_failed", StringComparison.Ordinal)
                || outcome is "RequiresReauth" or "Expired";
            Status(
                json,
                failed ? 2 : 1,
                failed ? "Failure" : "Success",
                failed ? error ?? Text(body, "status_reason") : null
            );
            return;
        }

        switch (outcome)
        {
            case "succeeded":
                Status(json, 1, "Success", null);
                break;
            case "outcome_unknown":
                Status(json, 99, "outcome_unknown", error);
                break;
            case null when error is null && type == LedgerEvents.ExecutionStarted:
                Status(json, 0, "Unknown", null);
                break;
            default:
                Status(json, 2, "Failure", error ?? Text(body, "status_reason"));
                break;
        }
    }

    // Severity: 1 informational, 2 low for a failure, 3 medium for an unknown outcome.
    private static void Status(Utf8JsonWriter json, int id, string text, string? code)
    {
        json.WriteNumber(
            "severity_id"u8,
            id switch
            {
                2 => 2,
                99 when text != "Erased" => 3,
                _ => 1,
            }
        );
        json.WriteNumber("status_id"u8, id);
        json.WriteString("status"u8, text);
        if (code is not null)
            json.WriteString("status_code"u8, code);
    }

    private static void Actor(Utf8JsonWriter json, JsonElement body)
    {
        json.WriteStartObject("actor"u8);
        if (Text(body, "user_id") is { } user)
        {
            json.WriteStartObject("user"u8);
            json.WriteString("uid"u8, user);
            json.WriteEndObject();
        }

        json.WriteString("app_uid"u8, Text(body, "agent") ?? Text(body, "caller") ?? "unknown");
        json.WriteEndObject();
    }

    private static void Api(Utf8JsonWriter json, JsonElement body, string type)
    {
        json.WriteStartObject("api"u8);
        json.WriteString("operation"u8, Text(body, "tool") ?? type);
        Optional(json, "version"u8, body, "tool_version");
        if (Text(body, "provider") is { } provider)
        {
            json.WriteStartObject("service"u8);
            json.WriteString("name"u8, provider);
            json.WriteEndObject();
        }

        if (Text(body, "execution_id") is { } execution)
        {
            json.WriteStartObject("request"u8);
            json.WriteString("uid"u8, execution);
            json.WriteEndObject();
        }

        var status =
            body.TryGetProperty("upstream_status", out var code)
            && code.ValueKind == JsonValueKind.Number
            && code.TryGetInt32(out var number)
                ? number
                : (int?)null;
        if (status is not null || Text(body, "error_code") is not null)
        {
            json.WriteStartObject("response"u8);
            if (status is { } answered)
                json.WriteNumber("code"u8, answered);
            Optional(json, "error"u8, body, "error_code");
            json.WriteEndObject();
        }

        json.WriteEndObject();

        // The actor is the caller's key id: the ledger keeps no network addresses.
        json.WriteStartObject("src_endpoint"u8);
        json.WriteString("uid"u8, Text(body, "caller") ?? "unknown");
        json.WriteEndObject();
        json.WriteStartArray("resources"u8);
        if (Text(body, "connected_account_id") is { } account)
        {
            json.WriteStartObject();
            json.WriteString("uid"u8, account);
            json.WriteString("type"u8, "connected_account"u8);
            Optional(json, "name"u8, body, "connection");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Entity(Utf8JsonWriter json, JsonElement body, string type)
    {
        json.WriteStartObject("entity"u8);
        json.WriteString("type"u8, type.Split('.')[0]);
        json.WriteString(
            "uid"u8,
            Text(body, "connected_account_id") ?? Text(body, "connection") ?? Text(body, "organization_id") ?? "unknown"
        );
        json.WriteEndObject();
    }

    private static void Unmapped(Utf8JsonWriter json, LedgerEntry entry, JsonElement body)
    {
        json.WriteStartObject("unmapped"u8);
        foreach (
            var name in (ReadOnlySpan<string>)
                [
                    "caller",
                    "agent",
                    "delegation",
                    "agent_run_id",
                    "trace_id",
                    "connection",
                    "scopes_granted",
                    "scopes_used",
                    "argument_digest",
                    "outcome",
                    "status_reason",
                    "total_ms",
                    "upstream_ms",
                    "details",
                ]
        )
        {
            if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
                continue;
            json.WritePropertyName(name);
            value.WriteTo(json);
        }

        json.WriteString("ledger_hash"u8, entry.Hash.ToString());
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement? body, string from)
    {
        if (body is { } there && Text(there, from) is { } text)
            json.WriteString(name, text);
    }

    private static string? Text(JsonElement from, string name) =>
        from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
