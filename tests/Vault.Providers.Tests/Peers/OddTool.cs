using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;
using Vault.Providers.Egress;
using Vault.Providers.Packs;
using Vault.Providers.Upstream;
using Vault.TestKit;

namespace Vault.Providers.Tests.Peers;

/// <summary>One tool of a pack made for a test, sent to a peer through the upstream client.</summary>
public sealed class OddTool : IDisposable
{
    public const string Key = "sk-odd-0001-secret";

    private readonly ProviderHttp _http = new(new EgressOptions { AllowLoopback = true });

    /// <summary>The members of <c>input_schema.properties</c>.</summary>
    public string Inputs { get; init; } = "\"q\":{}";

    /// <summary>Of the pack, with a leading comma.</summary>
    public string Rest { get; init; } = "";

    public string Request { get; init; } = """{"method":"GET","url":"/things","query":["q"]}""";

    public bool KeyInQuery { get; init; }

    public string Given { get; init; } = Key;

    public void Dispose() => _http.Dispose();

    public Task<UpstreamReply> SendAsync(
        string baseUrl,
        object? input = null,
        string? page = null,
        UpstreamOptions? options = null
    )
    {
        var tool = Make();
        var given = tool.Schema.Normalize(JsonSerializer.SerializeToElement(input ?? new { }));
        Assert.Empty(tool.Schema.Validate(given));
        var call = new ToolCall(
            new IdFactory(TimeProvider.System, new SeededEntropy()).NewOrganization(),
            tool,
            given,
            page,
            null,
            SandboxRig.Own(AuthMode.ApiKey, ("api_key", Given)),
            ImmutableSortedDictionary<string, string>.Empty.Add("base_url", baseUrl),
            "exe_1",
            SandboxRig.Soon,
            null
        );
        return new UpstreamClient(_http, TimeProvider.System, options ?? new UpstreamOptions()).SendAsync(
            call,
            default
        );
    }

    private Tool Make()
    {
        var effect =
            Request.Contains("\"GET\"", StringComparison.Ordinal)
            || Request.Contains("/search", StringComparison.Ordinal)
                ? "\"read\""
                : "\"write\",\"idempotency\":\"none\"";
        var place = KeyInQuery ? "\"in\":\"query\",\"name\":\"key\"" : "\"in\":\"header\",\"name\":\"X-Key\"";
        var pack = $$$"""
            {"format":1,"id":"odd","version":"1.0.0","display_name":"Odd","development_only":true,
             "hosts":["127.0.0.1"],"auth_modes":["api_key"],
             "parameters":{"base_url":{"source":"connection","pattern":"^http://127\\.0\\.0\\.1:[0-9]+$","example":"http://127.0.0.1:1"} },
             "credentials":{"api_key":{"api_key":{"label":"Key"} } },"refresh":{"rotation":"mints"},
             "api":{"base_url":"{base_url}","auth":[{ {{{place}}},"value":"{api_key}","mode":"api_key"}]}{{{Rest}}},
             "tools":[{"name":"odd_call","description":"d","effect":{{{effect}}},"scopes":[],
               "input_schema":{"type":"object","properties":{ {{{Inputs}}} } },"request":{{{Request}}} }]}
            """;
        var reading = new PackReader().Read(Encoding.UTF8.GetBytes(pack), "odd");
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults) + pack);
        Assert.True(JsonSchema.TryCompile(reading.Pack.Tools[0].InputSchema, true, out var schema, out _));
        return new Tool(reading.Pack, reading.Pack.Tools[0], schema);
    }
}
