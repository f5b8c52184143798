using System.Buffers;
using System.Text.Json;
using Vault.Core.Ledger;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

/// <summary>Requirements OCSF-1 to OCSF-3: class, base attributes, and where our own fields go.</summary>
public sealed class OcsfEventTests
{
    private readonly LedgerBench _bench = new();

    [Fact]
    public void An_execution_is_api_activity()
    {
        var json = Map(
            _bench.Draft() with
            {
                Type = LedgerEvents.ExecutionFinished,
                Outcome = "succeeded",
                Provider = "slack",
                Connection = "slack",
                ToolVersion = "3",
                Delegation = ["user_1", "agt_1"],
                ScopesUsed = ["chat:write"],
                UpstreamStatus = 200,
                Details = JsonDocument.Parse("{\"effect\":\"write\"}").RootElement,
            }
        );
        Assert.Equal(
            (6003, 6, 3, 600303),
            (Int(json, "class_uid"), Int(json, "category_uid"), Int(json, "activity_id"), Int(json, "type_uid"))
        );
        Assert.Equal((1, 1), (Int(json, "severity_id"), Int(json, "status_id")));
        Assert.Equal(_bench.Time.GetUtcNow().ToUnixTimeMilliseconds(), json.GetProperty("time").GetInt64());
        Assert.Equal("1.8.0", json.GetProperty("metadata").GetProperty("version").GetString());
        Assert.Equal(Acme.Value, json.GetProperty("metadata").GetProperty("tenant_uid").GetString());
        Assert.Equal("user_1", json.GetProperty("actor").GetProperty("user").GetProperty("uid").GetString());
        Assert.Equal("agt_1", json.GetProperty("actor").GetProperty("app_uid").GetString());
        Assert.Equal("slack_send_message", json.GetProperty("api").GetProperty("operation").GetString());
        Assert.Equal("slack", json.GetProperty("api").GetProperty("service").GetProperty("name").GetString());
        Assert.Equal("key_1", json.GetProperty("src_endpoint").GetProperty("uid").GetString());
        Assert.Equal("ca_1", json.GetProperty("resources")[0].GetProperty("uid").GetString());
        Assert.Equal("[\"user_1\",\"agt_1\"]", json.GetProperty("unmapped").GetProperty("delegation").GetRawText());
        Assert.False(json.GetProperty("unmapped").TryGetProperty("salt", out _));
    }

    [Theory]
    [InlineData("read", 2)]
    [InlineData("write", 3)]
    [InlineData("destructive", 4)]
    [InlineData("unheard_of", 99)]
    public void The_effect_is_the_activity(string effect, int activity) =>
        Assert.Equal(
            activity,
            Int(
                Map(_bench.Draft() with { Details = JsonDocument.Parse($"{{\"effect\":\"{effect}\"}}").RootElement }),
                "activity_id"
            )
        );

    [Theory]
    [InlineData("execution.finished", "succeeded", null, 1, 1)]
    [InlineData("execution.finished", "failed_upstream", "upstream_rejected", 2, 2)]
    [InlineData("execution.finished", "outcome_unknown", "outcome_unknown", 99, 3)]
    [InlineData("execution.started", null, null, 0, 1)]
    [InlineData("execution.refused", null, "policy_denied", 2, 2)]
    [InlineData("account.connected", "Active", null, 1, 1)]
    [InlineData("account.refreshed", "Active", null, 1, 1)]
    [InlineData("account.revoked", "Revoked", null, 1, 1)]
    [InlineData("account.reauth_required", "RequiresReauth", null, 2, 2)]
    [InlineData("organization.suspended", "suspended", null, 1, 1)]
    [InlineData("connection.changed", null, null, 1, 1)]
    [InlineData("account.refresh_failed", null, null, 2, 2)]
    public void The_status_is_honest(string type, string? outcome, string? error, int status, int severity)
    {
        var json = Map(_bench.Draft() with { Type = type, Outcome = outcome, ErrorCode = error });
        Assert.Equal((status, severity), (Int(json, "status_id"), Int(json, "severity_id")));
    }

    [Theory]
    [InlineData("account.connected", 1)]
    [InlineData("account.refreshed", 3)]
    [InlineData("account.revoked", 4)]
    [InlineData("organization.erased", 4)]
    public void Everything_else_is_entity_management(string type, int activity)
    {
        var json = Map(_bench.Draft() with { Type = type });
        Assert.Equal(
            (3004, 3, activity, 300400 + activity),
            (Int(json, "class_uid"), Int(json, "category_uid"), Int(json, "activity_id"), Int(json, "type_uid"))
        );
        Assert.Equal(type.Split('.')[0], json.GetProperty("entity").GetProperty("type").GetString());
    }

    [Fact]
    public void An_erased_entry_tells_that_it_was_and_nothing_more()
    {
        var json = Map(_bench.Draft(), erased: true);
        Assert.Equal((0, 0), (Int(json, "class_uid"), Int(json, "type_uid")));
        Assert.DoesNotContain("user_1", json.GetRawText(), StringComparison.Ordinal);
    }

    private static int Int(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private JsonElement Map(LedgerDraft draft, bool erased = false)
    {
        var pending = _bench.EntryWriter.Write(draft);
        var entry = LedgerChain.Link(LedgerHead.Genesis, pending, LedgerHash.Of(pending.Body.Span));
        if (erased)
            entry = entry with { Body = null, Index = LedgerIndex.Erased };
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
            OcsfEvent.Write(json, entry);
        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }
}
