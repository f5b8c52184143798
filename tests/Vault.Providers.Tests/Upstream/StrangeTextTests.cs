using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;
using Vault.Providers.Egress;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;
using Vault.TestKit;

namespace Vault.Providers.Tests.Upstream;

/// <summary>
/// Text that is nearly text, numbers that are nearly numbers, and inputs that want to be more than a value.
/// </summary>
public sealed class StrangeTextTests : IDisposable
{
    private const string List = """{"method":"GET","url":"/things","query":["q"]}""";

    private readonly ProviderHttp _http = new(new EgressOptions { AllowLoopback = true });

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("[{\"text\":\"cut \\ud83d\",\"self\":1}]", """[{"text":"cut �"}]""")]
    [InlineData("[{\"text\":\"\\uDE00 and \\ud83d\\ude00\",\"self\":1}]", """[{"text":"� and 😀"}]""")]
    [InlineData("[{\"text\":\"\\\\ud83d\",\"self\":1}]", """[{"text":"\\ud83d"}]""")]
    public async Task Half_a_character_in_an_answer_is_no_failure(string answer, string data)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, answer));
        var reply = await SendAsync(
            peer.BaseUrl,
            """{"method":"GET","url":"/things","query":["q"],"drop":["*.self"]}""",
            new { }
        );
        Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(data), reply.Data!.Value), reply.Data.Value.GetRawText());
        // As the gateway writes it out, whole or cut.
        var whole = await SendAsync(peer.BaseUrl, List, new { });
        Assert.NotEmpty(JsonSerializer.Serialize(whole.Data));
    }

    [Fact]
    public async Task Half_a_character_in_a_long_answer_is_no_failure()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "[\"\\ud83d\",\"" + new string('x', 1100) + "\"]"));
        var reply = await SendAsync(
            peer.BaseUrl,
            List,
            new { },
            new UpstreamOptions { OutputCap = 1024, ReadCap = 1024 }
        );
        Assert.True(reply.Truncated);
        Assert.Equal("\uFFFD", reply.Data!.Value[0].GetString());
    }

    [Fact]
    public async Task Text_that_is_no_utf8_is_no_failure_and_a_mark_in_front_of_json_is_no_part_of_it()
    {
        await using var latin = new BytePeer([
            .. Ascii(
                "HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"error\":\"a"
            ),
            0xE9,
            .. Ascii("\"}")[..1],
        ]);
        Assert.Equal(UpstreamOutcome.Rejected, (await SendAsync(latin.BaseUrl, List, new { })).Outcome);
        await using var error = new BytePeer([
            .. Ascii(
                "HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{\"error\":\"a"
            ),
            0xE9,
            .. Ascii("\"}"),
        ]);
        var reply = await SendAsync(error.BaseUrl, List, new { });
        Assert.Equal((UpstreamOutcome.Rejected, "http_400"), (reply.Outcome, reply.Detail));
        await using var marked = new OddPeer(_ => OddPeer.Http(400, "\uFEFF{\"error\":\"out_of_stock\"}"));
        Assert.Equal("out_of_stock", (await SendAsync(marked.BaseUrl, List, new { })).Detail);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task A_body_that_is_not_encoded_as_it_says_is_lost(string encoding)
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(
                200,
                "{\"this\":\"is plain, and not what the header says at all\"}",
                $"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\n"
            )
        );
        Assert.Equal(
            (UpstreamOutcome.Lost, 200),
            await SendAsync(peer.BaseUrl, List, new { }) is var reply ? (reply.Outcome, reply.Status) : default
        );
    }

    [Theory]
    [InlineData("99999999999999", 24 * 60)]
    [InlineData("9223372036854", 24 * 60)]
    [InlineData("1e400", null)]
    [InlineData("-1", null)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 24 * 60)]
    [InlineData("Mon, 01 Jan 0001 00:00:00 GMT", null)]
    public async Task A_wait_beyond_all_measure_is_cut(string after, int? minutes)
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(429, "{}", $"Content-Type: application/json\r\nRetry-After: {after}\r\n")
        );
        var reply = await SendAsync(peer.BaseUrl, List, new { });
        Assert.Equal(
            (UpstreamOutcome.RateLimited, minutes is { } m ? TimeSpan.FromMinutes(m) : (TimeSpan?)null),
            (reply.Outcome, reply.RetryAfter)
        );
    }

    [Theory]
    [InlineData("seconds")]
    [InlineData("milliseconds")]
    [InlineData("epoch_seconds")]
    [InlineData("epoch_milliseconds")]
    public async Task A_reset_in_the_wrong_unit_is_cut(string form)
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(429, "{}", "Content-Type: application/json\r\nX-Reset: 99000000000000\r\n")
        );
        var reply = await SendAsync(
            peer.BaseUrl,
            List,
            new { },
            rest: $$$""","retry_after":[{"header":"X-Reset","form":"{{{form}}}"}]"""
        );
        Assert.Equal(TimeSpan.FromHours(24), reply.RetryAfter);
    }

    [Fact]
    public async Task A_key_that_no_header_carries_is_told_as_such()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        var reply = await SendAsync(peer.BaseUrl, List, new { }, key: "sk-\u201cquoted\u201d");
        Assert.Equal(
            (UpstreamOutcome.Rejected, "credential_unusable", false),
            (reply.Outcome, reply.Detail, reply.Sent)
        );
        Assert.Equal(0, peer.Requests);
    }

    [Theory]
    [InlineData("../../user")]
    [InlineData("a/../../../user")]
    [InlineData("..\\user")]
    [InlineData("..")]
    public async Task An_input_climbs_out_of_no_path(string path)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        var reply = await SendAsync(
            peer.BaseUrl,
            """{"method":"GET","url":"/repos/{q}/issues","path":["q"]}""",
            new { q = path }
        );
        Assert.Equal(
            (UpstreamOutcome.Rejected, "input_has_dot_segment:q", 0),
            (reply.Outcome, reply.Detail, peer.Requests)
        );
        Assert.Equal(
            UpstreamOutcome.Succeeded,
            (
                await SendAsync(
                    peer.BaseUrl,
                    """{"method":"GET","url":"/repos/{q}/issues","path":["q"]}""",
                    new { q = "a/..b/.github" }
                )
            ).Outcome
        );
    }

    [Fact]
    public async Task What_is_in_a_list_of_a_query_is_not_lost()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        await SendAsync(peer.BaseUrl, List, new { q = new object[] { 1, new { a = 2 } } });
        Assert.StartsWith("GET /things?q=1&q=%7B%22a%22%3A2%7D ", peer.LastRequest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("form", "kind=plain&z=1")]
    [InlineData("multipart", "name=\"kind\"\r\n\r\nplain\r\n")]
    public async Task What_the_pack_says_of_a_body_is_said_once(string format, string expected)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        await SendAsync(
            peer.BaseUrl,
            $$$"""{"method":"POST","url":"/things","body":{"format":"{{{format}}}","fields":{"kind":{"value":"plain"}},"spread":"q"}}""",
            new { q = new { kind = "admin", z = 1 } }
        );
        Assert.DoesNotContain("admin", peer.LastRequest, StringComparison.Ordinal);
        Assert.Contains(expected, peer.LastRequest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("a\\")]
    [InlineData("")]
    public async Task A_name_that_cannot_stand_in_a_part_is_refused_and_not_sent(string name)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        var reply = await SendAsync(
            peer.BaseUrl,
            """{"method":"POST","url":"/things","body":{"format":"multipart","fields":{"kind":{"value":"plain"}},"spread":"q"}}""",
            new { q = new Dictionary<string, string> { [name] = "x" } }
        );
        Assert.Equal(
            (UpstreamOutcome.Rejected, "input_not_a_member_name:q", 0),
            (reply.Outcome, reply.Detail, peer.Requests)
        );
    }

    [Fact]
    public async Task A_size_that_is_no_number_is_no_size()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "[1]"));
        var reply = await SendAsync(
            peer.BaseUrl,
            """{"method":"GET","url":"/things","query":["q"],"paging":{"style":"page","parameter":"at","items":"/*","size_from":"q","default_size":1}}""",
            new { q = (string?)null }
        );
        Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private Task<UpstreamReply> SendAsync(
        string baseUrl,
        string request,
        object input,
        UpstreamOptions? options = null,
        string rest = "",
        string key = "k"
    )
    {
        var effect = request.Contains("\"GET\"", StringComparison.Ordinal)
            ? "\"read\""
            : "\"write\",\"idempotency\":\"none\"";
        var pack = $$$"""
            {"format":1,"id":"odd","version":"1.0.0","display_name":"Odd","development_only":true,"hosts":["127.0.0.1"],"auth_modes":["api_key"],
             "parameters":{"base_url":{"source":"connection","pattern":"^http://127\\.0\\.0\\.1:[0-9]+$","example":"http://127.0.0.1:1"} },
             "credentials":{"api_key":{"api_key":{"label":"Key"} } },"refresh":{"rotation":"mints"},
             "api":{"base_url":"{base_url}","auth":[{"in":"header","name":"X-Key","value":"{api_key}","mode":"api_key"}] }{{{rest}}},
             "tools":[{"name":"odd_call","description":"d","effect":{{{effect}}},"scopes":[],"input_schema":{"type":"object","properties":{"q":{} } },"request":{{{request}}} }]}
            """;
        var reading = new PackReader().Read(Encoding.UTF8.GetBytes(pack), "odd");
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults) + pack);
        Assert.True(JsonSchema.TryCompile(reading.Pack.Tools[0].InputSchema, true, out var schema, out _));
        var call = new ToolCall(
            new IdFactory(TimeProvider.System, new SeededEntropy()).NewOrganization(),
            new Tool(reading.Pack, reading.Pack.Tools[0], schema),
            JsonSerializer.SerializeToElement(input),
            null,
            null,
            SandboxRig.Own(AuthMode.ApiKey, ("api_key", key)),
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
}
