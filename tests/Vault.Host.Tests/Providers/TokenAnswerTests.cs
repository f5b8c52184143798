using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Providers;

/// <summary>What token endpoints really answer, by the consent page, a refresh and a tool call of the running
/// host.</summary>
public sealed class TokenAnswerTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    private static int _case;

    /// <summary>F03: the scopes of a response, and whether they let the tools run that were asked for.</summary>
    public static TheoryData<string> ScopeAnswers =>
        [
            "\"read,write\"",
            "\"read, write\"",
            "\"read;write\"",
            "\"read|write\"",
            "\"read+write\"",
            "\"read\\nwrite\"",
            "\"read%20write\"",
            "\"READ Write\"",
            "\"https://api.example.com/auth/read https://api.example.com/auth/write\"",
            "[\"read\",\"write\"]",
            "[\"read,write\"]",
            "\"[\\\"read\\\",\\\"write\\\"]\"",
            "[{\"name\":\"read\"},{\"name\":\"write\"}]",
            "{\"read\":true,\"write\":true,\"other\":false}",
            "\"write\"",
            "\"\"",
            "null",
        ];

    [Theory]
    [MemberData(nameof(ScopeAnswers))]
    public async Task Scopes_are_understood_however_they_are_written(string scope)
    {
        var id = "scope" + Interlocked.Increment(ref _case);
        await scene.ConnectionAsync(id);
        scene.Provider.Tokens[id] = $$"""{"access_token":"at-{{id}}","token_type":"Bearer","scope":{{scope}}}""";
        var (account, page, asked) = await scene.ConsentAsync(id, id, ["read", "write"]);

        Assert.Equal("read write", asked);
        Assert.Equal(["read", "write"], Granted(await scene.AccountAsync(account)).Order());
        await RunsAsync(id + "_look");
        await RunsAsync(id + "_change");
        Assert.DoesNotContain("scope-missing", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scope_that_was_declined_is_missing_in_every_spelling()
    {
        await scene.ConnectionAsync("declined");
        scene.Provider.Tokens["declined"] = """{"access_token":"at-d","scope":"READ,other"}""";
        await scene.ConsentAsync("declined", "declined", ["read", "write"]);

        await RunsAsync("declined_look");
        var refused = await scene.World.ExecuteAsync(scene.Organization, "ada", "declined_change");
        Assert.Equal("scope_missing", refused.Code);
    }

    [Fact]
    public async Task A_pack_says_what_a_scope_includes()
    {
        await scene.ConnectionAsync("implied", pack =>
        {
            pack["scope_implies"] = JsonNode.Parse("""{ "all_*": ["some_*"], "some_things": ["read", "write"] }""");
        });
        scene.Provider.Tokens["implied"] = """{"access_token":"at-i","scope":"all_things"}""";
        var (account, _, _) = await scene.ConsentAsync("implied", "implied", ["all_things", "some_things"]);

        await RunsAsync("implied_look");
        await RunsAsync("implied_change");
        Assert.Equal(["all_things"], Granted(await scene.AccountAsync(account)));
    }

    [Fact]
    public async Task A_consent_without_scopes_leaves_the_decision_to_the_provider()
    {
        await scene.ConnectionAsync("untold", pack => pack["tools"]![0]!["scopes"] = new JsonArray());
        scene.Provider.Tokens["untold"] = """{"access_token":"at-u","token_type":"bearer","scope":""}""";
        var (account, _, asked) = await scene.ConsentAsync("untold", "untold");

        Assert.Equal("", asked);
        Assert.Equal("true", (await scene.AccountAsync(account))["scopes_unknown"]);
        await RunsAsync("untold_change");
    }

    /// <summary>F04: the type of a token, which no pack needs.</summary>
    [Theory]
    [InlineData("\"User Access Token\"")]
    [InlineData("\"mac\"")]
    [InlineData("\"BearerToken\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("7")]
    public async Task The_token_type_costs_no_grant(string type)
    {
        var id = "type" + Interlocked.Increment(ref _case);
        await scene.ConnectionAsync(id);
        scene.Provider.Tokens[id] =
            $$"""{"access_token":"at1-{{id}}","refresh_token":"{{id}}-r","token_type":{{type}},"expires_in":3600}""";
        scene.Provider.Tokens[id + "-r"] =
            $$"""{"access_token":"at2-{{id}}","refresh_token":"{{id}}-s","token_type":{{type}},"expires_in":3600}""";
        var (account, _, _) = await scene.ConsentAsync(id, id, ["read"]);
        await RunsAsync(id + "_look");

        var refreshed = await scene.World.PostAsync(
            $"/v1/connected_accounts/{account}:refresh",
            new { organization_id = scene.Organization }
        );
        Assert.True(refreshed.Status == HttpStatusCode.OK, refreshed.ToString());
        await RunsAsync(id + "_look");
        Assert.Equal("Bearer at2-" + id, scene.Provider.Requests.Last(r => r.Path == "/look").Authorization);
    }

    private const string Usual = """{"access_token":"at","token_type":"Bearer","expires_in":3600,"scope":"read"}""";
    private const string Form = "access_token=at&token_type=bearer&expires_in=3600&scope=read";

    /// <summary>F08: encodings, character sets and content types, each on consent and on refresh.</summary>
    public static TheoryData<string> Bodies => [.. Forms.Keys];

    private static Dictionary<string, Scripted> Forms { get; } =
        new()
        {
            ["gzip"] = new(Pack(Usual, s => new GZipStream(s, CompressionMode.Compress)), ContentEncoding: "gzip"),
            ["x-gzip"] = new(Pack(Usual, s => new GZipStream(s, CompressionMode.Compress)), ContentEncoding: "X-GZIP"),
            ["gzip untold"] = new(Pack(Usual, s => new GZipStream(s, CompressionMode.Compress))),
            ["gzip in name only"] = new(Encoding.UTF8.GetBytes(Usual), ContentEncoding: "gzip"),
            ["zlib"] = new(Pack(Usual, s => new ZLibStream(s, CompressionMode.Compress)), ContentEncoding: "deflate"),
            ["deflate"] = new(
                Pack(Usual, s => new DeflateStream(s, CompressionMode.Compress)),
                ContentEncoding: "deflate"
            ),
            ["brotli"] = new(Pack(Usual, s => new BrotliStream(s, CompressionMode.Compress)), ContentEncoding: "br"),
            ["text"] = new(Encoding.UTF8.GetBytes(Form), "text/plain; charset=utf-8"),
            ["html"] = new(Encoding.UTF8.GetBytes(Form), "text/html"),
            ["no type"] = new(Encoding.UTF8.GetBytes(Form), null),
            ["bytes"] = new(Encoding.UTF8.GetBytes(Form), "application/octet-stream"),
            ["form called json"] = new(Encoding.UTF8.GetBytes(Form + "\n"), "application/json"),
            ["json called html"] = new(Encoding.UTF8.GetBytes("\n " + Usual), "text/html"),
            ["json in a string"] = new(JsonSerializer.SerializeToUtf8Bytes(Usual)),
            ["utf-16"] = new(Encoding.Unicode.GetBytes(Usual), "application/json; charset=utf-16"),
            ["utf-16 untold"] = new(Encoding.BigEndianUnicode.GetBytes(Usual)),
            ["utf-16 with a mark"] = new([0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Usual)]),
            ["latin"] = new(
                Encoding.Latin1.GetBytes(Usual.Replace("}", ",\"name\":\"Zoë\"}", StringComparison.Ordinal)),
                "application/json; charset=ISO-8859-1"
            ),
            ["unknown charset"] = new(Encoding.UTF8.GetBytes(Usual), "application/json; charset=klingon"),
            ["xml"] = new(
                Encoding.UTF8.GetBytes(
                    "<?xml version='1.0'?><OAuth><access_token>at</access_token><expires_in>3600</expires_in>"
                        + "<scope>read</scope></OAuth>"
                ),
                "application/xml"
            ),
        };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_grant_is_read_in_whatever_form_it_comes(string form)
    {
        var id = "form" + Interlocked.Increment(ref _case);
        await scene.ConnectionAsync(id);
        scene.Provider.Tokens[id] = Forms[form];
        var (account, page, _) = await scene.ConsentAsync(id, id, ["read"]);

        var view = await scene.AccountAsync(account);
        Assert.True(view["status"] == "ACTIVE", page);
        Assert.NotEqual("null", view["expires_at"]);
        await RunsAsync(id + "_look");
        Assert.Equal("Bearer at", scene.Provider.Requests.Last(r => r.Path == "/look").Authorization);
    }

    [Fact]
    public async Task A_refresh_reads_a_compressed_answer_and_keeps_the_rotated_token()
    {
        await scene.ConnectionAsync("packed");
        scene.Provider.Tokens["packed"] = """{"access_token":"at-1","refresh_token":"packed-1","expires_in":3600}""";
        scene.Provider.Tokens["packed-1"] = new(
            Pack("""{"access_token":"at-2","refresh_token":"packed-2","expires_in":3600}""", s => new GZipStream(
                s,
                CompressionMode.Compress
            )),
            ContentEncoding: "gzip"
        );
        var (account, _, _) = await scene.ConsentAsync("packed", "packed", ["read"]);
        for (var i = 0; i < 2; i++)
        {
            var done = await scene.World.PostAsync(
                $"/v1/connected_accounts/{account}:refresh",
                new { organization_id = scene.Organization }
            );
            Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        }

        Assert.Equal(
            ["packed-1", "packed-2"],
            scene
                .Provider.Requests.Select(r => System.Web.HttpUtility.ParseQueryString(r.Body)["refresh_token"])
                .Where(t => t?.StartsWith("packed", StringComparison.Ordinal) == true)
        );
    }

    /// <summary>F22: two hours from now, in every way that is in use; {0} seconds, {1} milliseconds, {2} to {5} a
    /// time.</summary>
    [Theory]
    [InlineData("\"expires_in\":7200")]
    [InlineData("\"expires_in\":\"7200\"")]
    [InlineData("\"expires_in\":7200.0")]
    [InlineData("\"expires_in\":\"7.2e3\"")]
    [InlineData("\"expires_in\":{0}")]
    [InlineData("\"expires_in\":\"PT2H\"")]
    [InlineData("\"expires_on\":\"{0}\"")]
    [InlineData("\"expires_on\":{0}.5")]
    [InlineData("\"expires_at\":{1}")]
    [InlineData("\"expires_at\":\"{1}\"")]
    [InlineData("\"expires_at\":\"{2}\"")]
    [InlineData("\"expires_at\":\"{3}\"")]
    [InlineData("\"expires_at\":\"{4}\"")]
    [InlineData("\"expires\":\"{5}\"")]
    [InlineData("\"expires_at\":\"/Date({1})/\"")]
    [InlineData("\"expires_in\":\"\",\"expires_at\":{0}")]
    public async Task An_expiry_is_understood_however_it_is_written(string member)
    {
        var id = "expiry" + Interlocked.Increment(ref _case);
        await scene.ConnectionAsync(id);
        var end = TimeProvider.System.GetUtcNow().AddHours(2);
        var c = CultureInfo.InvariantCulture;
        var told = member
            .Replace("{0}", end.ToUnixTimeSeconds().ToString(c), StringComparison.Ordinal)
            .Replace("{1}", end.ToUnixTimeMilliseconds().ToString(c), StringComparison.Ordinal)
            .Replace("{2}", end.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", c), StringComparison.Ordinal)
            .Replace("{3}", end.ToString("yyyy-MM-ddTHH:mm:ss.fff+0000", c), StringComparison.Ordinal)
            .Replace("{4}", end.ToString("yyyy-MM-dd HH:mm:ss UTC", c), StringComparison.Ordinal)
            .Replace("{5}", end.ToString("R", c), StringComparison.Ordinal);
        scene.Provider.Tokens[id] = $$"""{"access_token":"at-{{id}}",{{told}}}""";
        var (account, _, _) = await scene.ConsentAsync(id, id, ["read"]);

        var read = (await scene.AccountAsync(account)).Json.GetProperty("expires_at").GetDateTimeOffset();
        Assert.InRange(read, end.AddSeconds(-30), end.AddSeconds(90));
    }

    [Fact]
    public async Task A_pack_names_the_member_with_the_expiry()
    {
        await scene.ConnectionAsync("named", pack => pack["oauth"]!["answer"]!["expires_at"] = "session.end");
        var end = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddHours(2).ToUnixTimeSeconds());
        scene.Provider.Tokens["named"] =
            $$$"""{"access_token":"at-n","session":{"end":"{{{end.ToUnixTimeSeconds()}}}"}}""";
        var (account, _, _) = await scene.ConsentAsync("named", "named", ["read"]);

        Assert.Equal(end, (await scene.AccountAsync(account)).Json.GetProperty("expires_at").GetDateTimeOffset());
    }

    private async Task RunsAsync(string tool)
    {
        var done = await scene.World.ExecuteAsync(scene.Organization, "ada", tool);
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
    }

    private static IEnumerable<string?> Granted(Reply account) =>
        account.Json.GetProperty("granted_scopes").EnumerateArray().Select(s => s.GetString());

    private static byte[] Pack(string text, Func<Stream, Stream> open)
    {
        var packed = new MemoryStream();
        using (var stream = open(packed))
            stream.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
