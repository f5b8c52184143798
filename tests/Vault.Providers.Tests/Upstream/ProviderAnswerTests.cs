using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

/// <summary>
/// What providers really answer: charsets, encodings, values that are no objects, headers and errors. The table in
/// docs/provider-answers.md names the test of each kind.
/// </summary>
public sealed class ProviderAnswerTests
{
    static ProviderAnswerTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    [Fact]
    public async Task An_error_brings_the_providers_body_and_headers_without_the_credential()
    {
        using var tool = new OddTool();
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(
                422,
                $$"""{"message":"due_on must lie in the future","sent":"{{OddTool.Key}}"}""",
                $"Content-Type: application/problem+json\r\nX-Request-Id: 7f3\r\nRetry-After: 9\r\nSet-Cookie: a=b\r\n"
                    + $"Location: /errors/1?seen={OddTool.Key}\r\n"
            )
        );
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal(UpstreamOutcome.Rejected, reply.Outcome);
        Assert.Equal(
            """{"message":"due_on must lie in the future","sent":"[credential]"}""",
            reply.Data!.Value.GetRawText()
        );
        Assert.Equal(
            [$"location={peer.BaseUrl}/errors/1?seen=[credential]", "retry-after=9", "x-request-id=7f3"],
            reply.Headers.Select(h => $"{h.Name}={h.Value}")
        );
    }

    [Fact]
    public async Task The_body_of_an_error_is_cut_to_what_an_agent_can_read()
    {
        using var tool = new OddTool();
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(500, "<html>" + new string('x', 50_000), "Content-Type: text/html\r\n")
        );
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.True(reply.Truncated);
        Assert.Equal(8192, reply.Data!.Value.GetString()!.Length);
    }

    [Theory]
    [InlineData("Location: /things/9\r\n", "location", "{base}/things/9")]
    [InlineData("Operation-Location: ../jobs/4\r\n", "operation-location", "{base}/jobs/4")]
    [InlineData("Azure-AsyncOperation: jobs/5?x=1\r\n", "azure-asyncoperation", "{base}/jobs/5?x=1")]
    [InlineData("Content-Location: //127.0.0.1/a\r\n", "content-location", "http://127.0.0.1/a")]
    [InlineData("ETag: W/\"33a\"\r\n", "etag", "W/\"33a\"")]
    [InlineData("Last-Modified: Tue, 03 Mar 2026 10:00:00 GMT\r\n", "last-modified", "Tue, 03 Mar 2026 10:00:00 GMT")]
    [InlineData("X-RateLimit-Remaining: 4\r\n", "x-ratelimit-remaining", "4")]
    [InlineData("X-Total-Count: 31\r\n", "x-total-count", "31")]
    [InlineData(
        "Link: </t?page=2>; rel=next, <http://x.example/>; rel=\"help\"\r\n",
        "link",
        "<{base}/t?page=2>; rel=next, <http://x.example/>; rel=\"help\""
    )]
    public async Task Headers_that_matter_come_with_a_success_and_their_urls_are_absolute(
        string line,
        string name,
        string value
    )
    {
        using var tool = new OddTool();
        await using var peer = new OddPeer(_ => OddPeer.Http(201, "", line + "Set-Cookie: s=1\r\nServer: x\r\n"));
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
        var header = Assert.Single(reply.Headers);
        Assert.Equal(
            (name, value.Replace("{base}", peer.BaseUrl, StringComparison.Ordinal)),
            (header.Name, header.Value)
        );
    }

    [Fact]
    public async Task A_location_does_not_carry_the_key_of_the_query()
    {
        using var tool = new OddTool { KeyInQuery = true };
        await using var peer = new OddPeer(_ => OddPeer.Http(201, "", "Location: /t/1?key=other-key-0001&v=2\r\n"));
        Assert.Equal(
            peer.BaseUrl + "/t/1?v=2",
            (await tool.SendAsync(peer.BaseUrl)).Headers.Single(h => h.Name == "location").Value
        );
    }

    [Theory]
    [InlineData("application/json; charset=ISO-8859-1", "iso-8859-1", "{\"n\":\"Åsa Lindström\"}")]
    [InlineData("application/json; charset=\"windows-1252\"", "windows-1252", "{\"n\":\"€ 5 – “tout”\"}")]
    [InlineData("application/json; charset=utf-16le", "utf-16", "{\"n\":\"Ελένη\"}")]
    [InlineData("application/problem+json;charset=Shift_JIS", "shift_jis", "{\"n\":\"東京都\"}")]
    [InlineData("text/plain; charset=latin1", "iso-8859-1", "naïve façade")]
    [InlineData("text/csv;charset=cp1252", "windows-1252", "prix;12 €")]
    [InlineData("text/csv; charset=SJIS", "shift_jis", "名前,住所")]
    [InlineData("text/plain; charset=GBK", "gb18030", "你好，世界")]
    [InlineData("text/plain; charset=EUC-KR", "euc-kr", "안녕하세요")]
    [InlineData("text/plain; charset=koi8-r", "koi8-r", "Привет")]
    [InlineData("application/xml", "iso-8859-15", "<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?><n>Œuvre €</n>")]
    [InlineData("text/html", "windows-1251", "<html><meta charset=windows-1251><p>Мир</p>")]
    public async Task Text_is_read_in_the_charset_that_it_declares(string type, string charset, string text)
    {
        var bytes = Encoding.GetEncoding(charset).GetBytes(text);
        var reply = await BytesAsync(type, bytes);
        Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
        if (text[0] == '{')
            Assert.True(JsonElement.DeepEquals(JsonElement.Parse(text), reply.Data!.Value), reply.Data.ToString());
        else
        {
            Assert.Equal(text, reply.Data!.Value.GetString());
            Assert.EndsWith("; charset=utf-8", reply.ContentType, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_credential_in_another_charset_is_found()
    {
        var reply = await BytesAsync(
            "text/plain; charset=utf-16",
            [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("you sent " + OddTool.Key)]
        );
        Assert.Equal(("you sent [credential]", true), (reply.Data!.Value.GetString(), reply.CredentialEchoed));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("deflate-raw")]
    [InlineData("deflate, gzip")]
    [InlineData("identity")]
    public async Task Every_common_encoding_is_undone_with_and_without_the_zlib_header(string encoding)
    {
        var body = Encoding.UTF8.GetBytes("""{"city":"Oulu"}""");
        foreach (var name in encoding.Split(", "))
            body = Packed(name, body);
        var reply = await BytesAsync(
            "application/json",
            body,
            $"Content-Encoding: {encoding.Replace("deflate-raw", "deflate", StringComparison.Ordinal)}\r\n"
        );
        Assert.Equal("Oulu", reply.Data!.Value.GetProperty("city").GetString());
    }

    [Fact]
    public async Task Only_encodings_that_can_be_undone_are_asked_for_and_others_are_named()
    {
        using var tool = new OddTool();
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(200, "zz", "Content-Type: application/json\r\nContent-Encoding: zstd\r\n")
        );
        var reply = await tool.SendAsync(peer.BaseUrl);
        Assert.Contains("Accept-Encoding: gzip, br\r\n", peer.LastRequest, StringComparison.Ordinal);
        Assert.Equal(
            """{"content_type":"application/json","base64":"eno=","content_encoding":"zstd"}""",
            reply.Data!.Value.GetRawText()
        );
    }

    [Fact]
    public async Task A_write_that_was_acknowledged_has_acted_even_if_its_body_cannot_be_read()
    {
        using var write = new OddTool { Request = """{"method":"POST","url":"/things","query":["q"]}""" };
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(201, "not packed at all", "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n")
        );
        var reply = await write.SendAsync(peer.BaseUrl);
        Assert.Equal((UpstreamOutcome.Succeeded, 201), (reply.Outcome, reply.Status));
        Assert.Equal(ExecutionWarning.BodyUnreadable, Assert.Single(reply.Warnings).Code);
    }

    [Theory]
    [InlineData("application/json", "\"a word\"", "\"a word\"")]
    [InlineData("application/json", "-3.5", "-3.5")]
    [InlineData("application/json;charset=utf-8", " true\n", "true")]
    [InlineData("application/vnd.api+json", "null", "null")]
    [InlineData("text/json", "7", "7")]
    [InlineData("text/plain", "7", "\"7\"")]
    [InlineData("application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n", "\"{\\\"a\\\":1}\\n{\\\"a\\\":2}\\n\"")]
    [InlineData("application/jsonl", "[1]\n[2]", "\"[1]\\n[2]\"")]
    [InlineData("application/yaml", "a: 1\nb: [x]\n", "\"a: 1\\nb: [x]\\n\"")]
    [InlineData("application/x-yaml", "- 1", "\"- 1\"")]
    [InlineData("application/javascript", "f(1)", "\"f(1)\"")]
    [InlineData("application/csv", "a;b", "\"a;b\"")]
    [InlineData("application/atom+xml", "<feed/>", "\"<feed/>\"")]
    [InlineData(
        "",
        "no type, \u00fcber alles text\r\n\tindented",
        "\"no type, \u00fcber alles text\\r\\n\\tindented\""
    )]
    [InlineData("", "", null)]
    public async Task A_value_that_is_no_object_is_readable(string type, string body, string? data)
    {
        var reply = await BytesAsync(type, Encoding.UTF8.GetBytes(body));
        Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
        Assert.Equal(data is null, reply.Data is null);
        if (data is not null)
            Assert.True(JsonElement.DeepEquals(JsonElement.Parse(data), reply.Data!.Value), reply.Data.ToString());
    }

    [Fact]
    public async Task Bytes_without_a_type_that_are_no_text_stay_bytes()
    {
        var reply = await BytesAsync("", [1, 0, 250]);
        Assert.Equal("AQD6", reply.Data!.Value.GetProperty("base64").GetString());
    }

    private static byte[] Packed(string encoding, byte[] body)
    {
        var packed = new MemoryStream();
        using (
            Stream packer = encoding switch
            {
                "gzip" or "x-gzip" => new GZipStream(packed, CompressionLevel.Fastest),
                "br" => new BrotliStream(packed, CompressionLevel.Fastest),
                "deflate" => new ZLibStream(packed, CompressionLevel.Fastest),
                "deflate-raw" => new DeflateStream(packed, CompressionLevel.Fastest),
                _ => packed,
            }
        )
            packer.Write(body);
        return packed.ToArray();
    }

    private static async Task<UpstreamReply> BytesAsync(string type, byte[] body, string headers = "")
    {
        if (type.Length > 0)
            headers += $"Content-Type: {type}\r\n";
        await using var peer = new BytePeer([
            .. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{headers}Content-Length: {body.Length}\r\n\r\n"),
            .. body,
        ]);
        using var tool = new OddTool();
        return await tool.SendAsync(peer.BaseUrl);
    }
}
