using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;
using Vault.Providers.Egress;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;
using Vault.TestKit;

namespace Vault.Providers.Tests.Upstream;

/// <summary>Paging styles, cut and hostile answers, against peers made for each.</summary>
public sealed class OddUpstreamTests : IDisposable
{
    private readonly ProviderHttp _http = new(new EgressOptions { AllowLoopback = true });

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_link_header_is_followed_on_the_same_origin_only()
    {
        await using var peer = new OddPeer(request =>
            request.Contains("page=2", StringComparison.Ordinal)
                ? OddPeer.Http(
                    200,
                    "[2]",
                    "Content-Type: application/json\r\nLink: <https://evil.example.net/x>; rel=\"next\"\r\n"
                )
                : OddPeer.Http(
                    200,
                    "[1]",
                    "Content-Type: application/json\r\nLink: </things?page=2&a=1,2>; rel=\"next\", </things?page=9>; rel=\"last\"\r\n"
                )
        );
        var tool = Tool("""{"method":"GET","url":"/things","query":["q"],"paging":{"style":"link_header"}}""");
        var first = await SendAsync(peer, tool, new { q = "x" });
        Assert.NotNull(first.NextPageToken);
        var second = await SendAsync(peer, tool, new { q = "x" }, first.NextPageToken);
        Assert.Equal("[2]", second.Data!.Value.GetRawText());
        Assert.Null(second.NextPageToken);
        Assert.StartsWith("GET /things?page=2&a=1,2 ", peer.LastRequest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/things/next-2000", true)]
    [InlineData("https://evil.example.net/things", false)]
    [InlineData("//evil.example.net/things", false)]
    [InlineData("http://user@127.0.0.1/", false)]
    public async Task A_next_url_is_pinned_to_the_tools_origin(string next, bool kept)
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, JsonSerializer.Serialize(new Dictionary<string, object> { ["@odata.nextLink"] = next }))
        );
        var reply = await SendAsync(
            peer,
            Tool(
                """{"method":"GET","url":"/things","query":["q"],"paging":{"style":"next_url","next":"/@odata.nextLink"}}"""
            ),
            new { }
        );
        Assert.Equal(kept, reply.NextPageToken is not null);
    }

    [Fact]
    public async Task A_forged_next_url_in_a_token_is_refused()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{\"n\":\"/two\"}"));
        var tool = Tool("""{"method":"GET","url":"/things","query":["q"],"paging":{"style":"next_url","next":"n"}}""");
        var honest = (await SendAsync(peer, tool, new { })).NextPageToken!;
        var content = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(honest));
        var forged = System.Buffers.Text.Base64Url.EncodeToString(
            Encoding.UTF8.GetBytes(
                content.Replace(peer.BaseUrl + "/two", "http://127.0.0.1:1/two", StringComparison.Ordinal)
            )
        );
        Assert.NotEqual(honest, forged);
        var reply = await SendAsync(peer, tool, new { }, forged);
        Assert.Equal(("page_token_invalid", false), (reply.Detail, reply.Sent));
        Assert.Equal(1, peer.Requests);
    }

    [Fact]
    public async Task A_key_that_the_next_url_repeats_is_taken_out()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{\"n\":\"/two?key=sk-secret-0001&page=2\"}"));
        var tool = Tool(
            """{"method":"GET","url":"/things","query":["q"],"paging":{"style":"next_url","next":"n"}}""",
            key: true
        );
        var reply = await SendAsync(
            peer,
            tool,
            new { },
            credential: SandboxRig.Own(AuthMode.ApiKey, ("api_key", "sk-secret-0001"))
        );
        Assert.Contains("?key=sk-secret-0001 ", peer.LastRequest, StringComparison.Ordinal);
        var token = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(reply.NextPageToken!));
        Assert.DoesNotContain("secret", token, StringComparison.Ordinal);
        Assert.Contains("page=2", token, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offset_page_and_last_id_count_on_and_end()
    {
        await using var peer = new OddPeer(request =>
        {
            var at = request.Split("at=") is [_, var rest] ? rest.Split(' ', '&')[0] : "";
            return OddPeer.Http(
                200,
                at is "2" or "b"
                    ? "{\"items\":[{\"id\":\"c\"}],\"more\":false}"
                    : "{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"more\":true}"
            );
        });
        foreach (
            var (style, extra) in new[]
            {
                ("offset", "\"items\":\"items\",\"default_size\":2"),
                ("page", "\"items\":\"items\",\"has_more\":\"more\""),
                ("last_id", "\"items\":\"items\",\"item_id\":\"id\",\"has_more\":\"more\""),
            }
        )
        {
            var tool = Tool(
                $$$"""{"method":"GET","url":"/things","query":["q"],"paging":{"style":"{{{style}}}","parameter":"at",{{{extra}}}}}"""
            );
            var first = await SendAsync(peer, tool, new { });
            Assert.True(first.NextPageToken is not null, style);
            var second = await SendAsync(peer, tool, new { }, first.NextPageToken);
            Assert.Contains("at=" + (style == "last_id" ? "b" : "2"), peer.LastRequest, StringComparison.Ordinal);
            Assert.True(second.NextPageToken is null, style);
        }
    }

    [Fact]
    public async Task Bodies_nest_spread_and_carry_constants()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        await SendAsync(
            peer,
            Tool(
                """{"method":"POST","url":"/things","body":{"format":"json","fields":{"message.subject":"q","query":{"value":"query($id: ID!){x}"},"variables.id":"id"},"spread":"more"}}""",
                "q",
                "id",
                "more"
            ),
            new
            {
                q = "s",
                id = 5,
                more = new { z = true },
            }
        );
        Assert.EndsWith(
            """{"z":true,"message":{"subject":"s"},"query":"query($id: ID!){x}","variables":{"id":5}}""",
            peer.LastRequest,
            StringComparison.Ordinal
        );

        await SendAsync(
            peer,
            Tool("""{"method":"POST","url":"/things","body":{"format":"form","fields":["q","more"]}}""", "q", "more"),
            new { q = "a b&c", more = new { x = new object[] { new { y = 1 } } } }
        );
        Assert.EndsWith("q=a+b%26c&more%5Bx%5D%5B0%5D%5By%5D=1", peer.LastRequest, StringComparison.Ordinal);

        await SendAsync(
            peer,
            Tool(
                """{"method":"PUT","url":"/things","body":{"format":"raw","media_type":"text/plain","fields":["q"]}}""",
                "q"
            ),
            new { q = "plain" }
        );
        Assert.Contains("Content-Type: text/plain", peer.LastRequest, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nplain", peer.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_and_binary_answers_are_labelled()
    {
        await using var text = new OddPeer(_ => OddPeer.Http(200, "hello", "Content-Type: text/plain\r\n"));
        Assert.Equal("hello", (await SendAsync(text, Get(), new { })).Data!.Value.GetString());
        await using var binary = new OddPeer(_ =>
            OddPeer.Http(200, "\u0001\u0002", "Content-Type: application/pdf\r\n")
        );
        var data = (await SendAsync(binary, Get(), new { })).Data!.Value;
        Assert.Equal(
            ("application/pdf", "AQI="),
            (data.GetProperty("content_type").GetString(), data.GetProperty("base64").GetString())
        );
    }

    [Fact]
    public async Task An_answer_that_swells_is_read_no_further_than_the_cap()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            await gzip.WriteAsync(Encoding.ASCII.GetBytes("[" + new string('1', 60_000_000) + "]"));
        var bytes = packed.ToArray();
        await using var peer = new BytePeer([
            .. Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: {bytes.Length}\r\n\r\n"
            ),
            .. bytes,
        ]);
        var reply = await SendAsync(
            peer.BaseUrl,
            Get(),
            new { },
            options: new UpstreamOptions { OutputCap = 2048, ReadCap = 65_536 }
        );
        Assert.True(reply.Truncated);
        Assert.Equal(65_536, reply.Complete.Length);
        Assert.Equal(2048, reply.Data!.Value.GetString()!.Length);
    }

    [Fact]
    public async Task A_large_answer_takes_memory_until_it_is_gone_and_what_does_not_fit_is_told_to_come_again()
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, new string('x', 300_000), "Content-Type: text/plain\r\n")
        );
        var budget = new AnswerBudget(1_000_000);
        var upstream = new UpstreamClient(_http, TimeProvider.System, new UpstreamOptions(), budget);
        var call = Call(peer.BaseUrl, Get(), new { });
        var first = await upstream.SendAsync(call, default);
        Assert.Equal((UpstreamOutcome.Succeeded, 500_000L), (first.Outcome, budget.Used));
        var waiting = upstream.SendAsync(call, default);
        await Eventually.UntilAsync(() => !budget.HasRoom(call.Organization), () => "nothing waits");
        // Not sent: the provider is not asked for what there is no room for.
        var busy = await upstream.SendAsync(call, default);
        Assert.Equal((UpstreamOutcome.NotSent, false), (busy.Outcome, busy.Sent));
        Assert.NotNull(busy.RetryAfter);
        first.Held!.Dispose();
        using var held = (await waiting).Held;
        Assert.Equal(500_000, budget.Used);
        held!.Dispose();
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task Silence_is_a_timeout_with_the_request_sent()
    {
        await using var peer = new OddPeer(_ => null);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var upstream = new UpstreamClient(_http, time, new UpstreamOptions());
        var call = upstream.SendAsync(
            Call(peer.BaseUrl, Get(), new { }) with
            {
                Deadline = time.GetUtcNow().AddSeconds(3),
            },
            default
        );
        await peer.Arrived.Task;
        time.Advance(TimeSpan.FromSeconds(4));
        var reply = await call;
        Assert.Equal((UpstreamOutcome.TimedOut, true), (reply.Outcome, reply.Sent));
    }

    [Fact]
    public async Task A_cut_answer_is_lost()
    {
        await using var peer = new OddPeer(_ =>
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":1"
        );
        var reply = await SendAsync(peer, Get(), new { });
        Assert.Equal((UpstreamOutcome.Lost, 200, true), (reply.Outcome, reply.Status, reply.Sent));
    }

    private static Tool Get() => Tool("""{"method":"GET","url":"/things","query":["q"]}""");

    private static Tool Tool(string request, params string[] inputs) => Tool(request, false, inputs);

    private static Tool Tool(string request, bool key, params string[] inputs)
    {
        if (inputs.Length == 0)
            inputs = ["q"];
        var effect = request.Contains("\"GET\"", StringComparison.Ordinal)
            ? "\"read\""
            : "\"write\",\"idempotency\":\"none\"";
        var auth = key
            ? """{"in":"query","name":"key","value":"{api_key}","mode":"api_key"}"""
            : """{"in":"header","name":"X-Key","value":"{api_key}","mode":"api_key"}""";
        var pack = $$$"""
            {"format":1,"id":"odd","version":"1.0.0","display_name":"Odd","development_only":true,"hosts":["127.0.0.1"],"auth_modes":["api_key"],
             "parameters":{"base_url":{"source":"connection","pattern":"^http://127\\.0\\.0\\.1:[0-9]+$","example":"http://127.0.0.1:1"} },
             "credentials":{"api_key":{"api_key":{"label":"Key"} } },"refresh":{"rotation":"mints"},"api":{"base_url":"{base_url}","auth":[{{{auth}}}]},
             "tools":[{"name":"odd_call","description":"d","effect":{{{effect}}},"scopes":[],
               "input_schema":{"type":"object","properties":{ {{{string.Join(
                ',',
                inputs.Select(i => $"\"{i}\":{{}}")
            )}}} } },"request":{{{request}}} }]}
            """;
        var reading = new PackReader().Read(Encoding.UTF8.GetBytes(pack), "odd");
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults) + pack);
        Assert.True(JsonSchema.TryCompile(reading.Pack.Tools[0].InputSchema, true, out var schema, out _));
        return new Tool(reading.Pack, reading.Pack.Tools[0], schema);
    }

    private static ToolCall Call(
        string baseUrl,
        Tool tool,
        object input,
        string? page = null,
        StaticCredential? credential = null
    ) =>
        new(
            new IdFactory(TimeProvider.System, new SeededEntropy()).NewOrganization(),
            tool,
            JsonSerializer.SerializeToElement(input),
            page,
            null,
            credential ?? SandboxRig.Own(AuthMode.ApiKey, ("api_key", "k")),
            ImmutableSortedDictionary<string, string>.Empty.Add("base_url", baseUrl),
            "exe_1",
            SandboxRig.Soon,
            null
        );

    private Task<UpstreamReply> SendAsync(
        OddPeer peer,
        Tool tool,
        object input,
        string? page = null,
        StaticCredential? credential = null
    ) => SendAsync(peer.BaseUrl, tool, input, page, credential);

    private Task<UpstreamReply> SendAsync(
        string baseUrl,
        Tool tool,
        object input,
        string? page = null,
        StaticCredential? credential = null,
        UpstreamOptions? options = null
    ) =>
        new UpstreamClient(_http, TimeProvider.System, options ?? new UpstreamOptions()).SendAsync(
            Call(baseUrl, tool, input, page, credential),
            default
        );
}
