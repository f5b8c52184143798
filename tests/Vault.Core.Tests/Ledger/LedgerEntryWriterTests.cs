using System.Reflection;
using System.Text;
using System.Text.Json;
using Vault.Core.Ledger;
using Vault.Core.Sealing;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

public sealed class LedgerEntryWriterTests
{
    private readonly LedgerBench _bench = new();

    [Fact]
    public void Every_field_is_present_in_a_fixed_order_also_where_it_is_null()
    {
        var body = Body(
            new LedgerDraft
            {
                EventId = "evt_01hzzzzzzzzzzzzzzzzzzzzzzz",
                Organization = Acme,
                Type = "execution.started",
                Time = _bench.Time.GetUtcNow(),
                Caller = "system",
            }
        );
        Assert.Equal(
            "v event_id organization_id type time caller agent user_id delegation execution_id agent_run_id trace_id tool tool_version connected_account_id connection provider "
                + "scopes_granted scopes_used argument_digest outcome error_code status_reason upstream_status total_ms upstream_ms details salt",
            string.Join(' ', body.EnumerateObject().Select(p => p.Name))
        );
        Assert.Equal("2026-03-01T12:00:00.000Z", body.GetProperty("time").GetString());
        Assert.Equal(JsonValueKind.Null, body.GetProperty("agent").ValueKind);
        Assert.Equal(0, body.GetProperty("delegation").GetArrayLength());
    }

    [Fact]
    public void Every_property_of_a_draft_reaches_the_entry()
    {
        var draft = new LedgerDraft
        {
            EventId = "evt_01hzzzzzzzzzzzzzzzzzzzzzzz",
            Organization = Acme,
            Type = "execution.finished",
            Time = _bench.Time.GetUtcNow().AddTicks(9_999),
            Caller = "key",
            Agent = "agt",
            User = "usr",
            Delegation = ["usr", "agt"],
            ExecutionId = "exe",
            AgentRunId = "run",
            TraceId = "trace",
            Tool = "tool",
            ToolVersion = "tv",
            Account = "acc",
            Connection = "con",
            Provider = "prov",
            ScopesGranted = ["g1", "g2"],
            ScopesUsed = ["g1"],
            ArgumentDigest = "dig",
            Outcome = "succeeded",
            ErrorCode = "err",
            StatusReason = "why",
            UpstreamStatus = 201,
            TotalMs = 1.5,
            UpstreamMs = double.NaN,
            Details = JsonDocument.Parse("{ \"a\" : [1, null] }").RootElement,
        };
        Assert.All(typeof(LedgerDraft).GetProperties(), p => Assert.NotNull(p.GetValue(draft)));
        var pending = _bench.EntryWriter.Write(draft);
        var text = Encoding.UTF8.GetString(pending.Body.Span);
        foreach (
            var value in (string[])
                [
                    "\"key\"",
                    "\"agt\"",
                    "\"usr\"",
                    "[\"usr\",\"agt\"]",
                    "\"exe\"",
                    "\"run\"",
                    "\"trace\"",
                    "\"tool\"",
                    "\"tv\"",
                    "\"acc\"",
                    "\"con\"",
                    "\"prov\"",
                    "[\"g1\",\"g2\"]",
                    "[\"g1\"]",
                    "\"dig\"",
                    "\"succeeded\"",
                    "\"err\"",
                    "\"why\"",
                    "201",
                    "1.5",
                    "{\"a\":[1,null]}",
                ]
        )
            Assert.Contains(value, text, StringComparison.Ordinal);
        Assert.Contains("\"upstream_ms\":null", text, StringComparison.Ordinal);
        Assert.Equal(_bench.Time.GetUtcNow(), pending.Time);
        Assert.Equal(new LedgerIndex("execution.finished", "exe", "usr", "agt", "tool", "acc"), pending.Index);
    }

    [Fact]
    public void The_same_draft_twice_has_two_digests_because_of_the_salt()
    {
        var draft = _bench.Draft();
        Assert.NotEqual(
            LedgerHash.Of(_bench.EntryWriter.Write(draft).Body.Span),
            LedgerHash.Of(_bench.EntryWriter.Write(draft).Body.Span)
        );
    }

    [Fact]
    public void A_secret_has_no_way_into_a_draft()
    {
        // No property takes an object, and the one free form is JSON, which a secret refuses to become.
        Assert.All(typeof(LedgerDraft).GetProperties(BindingFlags.Public | BindingFlags.Instance), p =>
            Assert.False(p.PropertyType.IsAssignableFrom(typeof(Secret)), p.Name)
        );
        using var secret = Secret.From("xoxb-very-secret");
        Assert.Throws<NotSupportedException>(() => JsonSerializer.SerializeToElement(new { secret }));
    }

    [Fact]
    public void A_draft_that_cannot_be_chained_is_refused_and_the_pen_is_clean_afterwards()
    {
        Assert.Throws<ArgumentException>(() => _bench.EntryWriter.Write(_bench.Draft() with { EventId = "evt_1" }));
        Assert.Throws<ArgumentException>(() =>
            _bench.EntryWriter.Write(_bench.Draft() with { Organization = default })
        );
        Assert.Throws<ArgumentException>(() =>
            _bench.EntryWriter.Write(_bench.Draft() with { Details = JsonDocument.Parse("[]").RootElement })
        );
        var gone = JsonDocument.Parse("{\"a\":1}");
        var details = gone.RootElement;
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
            _bench.EntryWriter.Write(_bench.Draft() with { Details = details })
        );
        Body(_bench.Draft());
    }

    private JsonElement Body(LedgerDraft draft) => JsonDocument.Parse(_bench.EntryWriter.Write(draft).Body).RootElement;
}
