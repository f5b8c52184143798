using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using Vault.Benchmarks.Scale;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Benchmarks.Micro;

/// <summary>An entry written down and linked, without the database.</summary>
public class LedgerBenchmarks
{
    private readonly LedgerEntryWriter _entryWriter = new(new RandomEntropy());
    private readonly LedgerDraft _draft = new()
    {
        EventId = "evt_" + new string('0', 26),
        Organization = new OrganizationId("org_" + new string('0', 26)),
        Type = LedgerEvents.ExecutionFinished,
        Time = DateTimeOffset.UnixEpoch.AddYears(50),
        Caller = "key_" + new string('0', 26),
        User = "user-1",
        ExecutionId = "exe_" + new string('0', 26),
        Tool = "slack_send_message",
        ToolVersion = "1",
        Account = "ca_" + new string('0', 26),
        Connection = "slack",
        Provider = "slack",
        ScopesGranted = ImmutableArray.Create("chat:write"),
        ScopesUsed = ImmutableArray.Create("chat:write"),
        ArgumentDigest = new string('0', 64),
        Outcome = "succeeded",
        UpstreamStatus = 200,
        TotalMs = 12.5,
        UpstreamMs = 10.25,
    };

    [Benchmark]
    public PendingEntry Write() => _entryWriter.Write(_draft);

    [Benchmark]
    public LedgerEntry WriteAndLink()
    {
        var pending = _entryWriter.Write(_draft);
        return LedgerChain.Link(LedgerHead.Genesis, pending, LedgerHash.Of(pending.Body.Span));
    }
}
