using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Vault.Benchmarks.Rig;
using Vault.Core.Accounts;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;
using Vault.Core.Refresh;
using Vault.Providers.Packs;

namespace Vault.Benchmarks.Micro;

/// <summary>
/// What is decided per call: the account's life, the input's schema and digest, the pack's rules; and the search for a
/// tool.
/// </summary>
public class RuleBenchmarks : IDisposable
{
    private readonly JsonElement _input = JsonDocument
        .Parse(
            """{"channel":"C0123456789","text":"three lines of text, as an agent writes them","thread_ts":"1716316800.000100"}"""
        )
        .RootElement;
    private readonly JsonElement _answer = JsonDocument
        .Parse("""{"ok":false,"error":"ratelimited","needed":"chat:write","provided":"channels:read"}""")
        .RootElement;
    private readonly AccountState _state;
    private readonly AccountEvent _event;
    private readonly LifecyclePolicy _policy;
    private readonly JsonSchema _schema;
    private readonly PackCatalogue _packs;
    private readonly ProviderPack _slack;

    public RuleBenchmarks()
    {
        _packs = new PackCatalogue(
            new PackReader(),
            new PackOptions { BuiltInFolder = Path.Combine(Checkout.Root, "src", "Vault.Providers", "packs") }
        );
        _packs.LoadAsync(CancellationToken.None).GetAwaiter().GetResult();
        _slack = _packs.TryGet("slack", out var slack)
            ? slack
            : throw new BenchException("The pack 'slack' cannot be loaded.");
        var schema = JsonDocument
            .Parse(
                """
                {"type":"object","required":["channel","text"],"properties":{"channel":{"type":"string","minLength":1,"maxLength":80},"text":{"type":"string","maxLength":40000},
                 "thread_ts":{"type":"string","pattern":"^[0-9]{10}[.][0-9]{6}$"}}}
                """
            )
            .RootElement;
        _schema = JsonSchema.TryCompile(schema, closed: true, out var compiled, out _)
            ? compiled
            : throw new BenchException("The schema does not compile.");
        var now = DateTimeOffset.UnixEpoch.AddYears(50);
        var options = new LifecycleOptions();
        _policy = new LifecyclePolicy(
            _slack.Refresh,
            options.Lease,
            options.ClockSkew,
            options.CooldownBase,
            options.CooldownMax
        );
        _state = new AccountState
        {
            Status = AccountStatus.Active,
            Generation = 3,
            Grant = new GrantFacts(now, now.AddHours(1), true, null, now),
        };
        _event = new AccountEvent.RefreshWanted(
            now.AddMinutes(59).AddSeconds(50),
            RefreshReason.OnDemand,
            "attempt",
            "holder",
            3,
            false,
            0.5
        );
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _packs.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public AccountDecision LifecycleDecision() => AccountLifecycle.Decide(_state, _event, _policy);

    [Benchmark]
    public int SchemaValidation() => _schema.Validate(_input).Count;

    [Benchmark]
    public string InputDigesting() => InputDigest.Of(_input);

    [Benchmark]
    public int PackRules()
    {
        var held = 0;
        foreach (var rule in _slack.Details.ApiErrors)
            if (rule.When.Holds(200, static _ => null, _answer))
                held++;
        return held;
    }

    [Benchmark]
    public int ToolSearch() => _packs.Search("send a message to a channel", null, 10).Count;
}
