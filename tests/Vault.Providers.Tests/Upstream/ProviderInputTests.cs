using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Vault.Core.Execution;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Upstream;

/// <summary>Inputs as models and libraries write them, and bodies as browsers send them.</summary>
public sealed class ProviderInputTests
{
    private const string Upload = """
        {"method":"POST","url":"/files","body":{"format":"multipart","fields":["note"],"spread":"more",
         "file":{"part":"file","content":"bytes","base64":true,"file_name":"name","media_type":"type"}}}
        """;

    private const string UploadInputs = """
        "note":{"type":"string"},"more":{"type":"object"},"bytes":{"type":"string"},"name":{"type":"string"},"type":{"type":"string"}
        """;

    [Theory]
    [InlineData("report.txt", "report.txt")]
    [InlineData("Müller – Übersicht 2031.pdf", "Müller – Übersicht 2031.pdf")]
    [InlineData("日本語.txt", "日本語.txt")]
    [InlineData("say \"hi\".txt", "say %22hi%22.txt")]
    [InlineData("50% off; a=b.txt", "50% off; a=b.txt")]
    public async Task A_file_name_is_sent_as_browsers_send_it(string name, string sent)
    {
        var (head, parts) = await UploadAsync(
            new
            {
                name,
                bytes = "aGk=",
                note = "für dich",
            }
        );
        Assert.DoesNotContain("filename*", head, StringComparison.Ordinal);
        var file = parts.Single(p => p.Name == "file");
        Assert.Equal((sent, "application/octet-stream", "hi"), (file.FileName, file.Type, file.Text));
        var note = parts.Single(p => p.Name == "note");
        Assert.Equal((null, null, "für dich"), (note.FileName, note.Type, note.Text));
    }

    [Fact]
    public async Task Names_of_fields_are_utf8_and_their_quotation_marks_are_escaped()
    {
        var (_, parts) = await UploadAsync(
            new
            {
                name = "a",
                bytes = "",
                more = new Dictionary<string, object> { ["größe"] = 3, ["a\"; filename=\"b"] = new[] { "x", "y" } },
            }
        );
        Assert.Equal(
            ["größe=3", "a%22; filename=%22b=x", "a%22; filename=%22b=y", "file="],
            parts.Select(p => $"{p.Name}={p.Text}")
        );
    }

    [Theory]
    [InlineData("_-8", "FF-EF")]
    [InlineData("/+8=", "FF-EF")]
    [InlineData("aGFsbG8", "68-61-6C-6C-6F")]
    [InlineData("aGFs\r\nbG8=\n", "68-61-6C-6C-6F")]
    [InlineData("data:image/png;base64,aGk=", "68-69")]
    [InlineData("data:;base64,aGk", "68-69")]
    [InlineData("data:text/plain,h%69", "68-69")]
    public async Task Bytes_come_in_every_form_of_base64(string given, string hex)
    {
        using var tool = new OddTool
        {
            Inputs = UploadInputs,
            Request = """
                {"method":"PUT","url":"/raw","body":{"format":"raw","media_type":"image/png","fields":{"b":{"from":"bytes","form":"base64_bytes"}}},
                 "query":["note","more","name","type"]}
                """,
        };
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        var length = hex.Split('-').Length;
        Assert.Equal(UpstreamOutcome.Succeeded, (await tool.SendAsync(peer.BaseUrl, new { bytes = given })).Outcome);
        Assert.Contains($"Content-Length: {length}\r\n", peer.LastRequest, StringComparison.Ordinal);
        if (!hex.StartsWith("FF", StringComparison.Ordinal))
            Assert.EndsWith(
                "\r\n\r\n"
                    + Encoding.ASCII.GetString(Convert.FromHexString(hex.Replace("-", "", StringComparison.Ordinal))),
                peer.LastRequest,
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a=b=")]
    [InlineData("%%%%")]
    [InlineData("data:text/plain;base64")]
    public async Task What_is_no_base64_is_named_and_not_sent(string given)
    {
        using var tool = new OddTool { Inputs = UploadInputs, Request = Upload };
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        var reply = await tool.SendAsync(peer.BaseUrl, new { bytes = given, name = "n" });
        Assert.Equal(("input_not_base64:bytes", false, 0), (reply.Detail, reply.Sent, peer.Requests));
    }

    [Fact]
    public async Task A_data_url_names_the_type_of_its_file()
    {
        var (_, parts) = await UploadAsync(new { name = "a.csv", bytes = "data:text/csv;charset=utf-8;base64,YTti" });
        Assert.Equal("text/csv", parts.Single(p => p.Name == "file").Type);
    }

    [Fact]
    public async Task An_integer_is_sent_as_one_and_a_null_is_left_out()
    {
        const string inputs = """
            "limit":{"type":"integer"},"after":{"type":"string"},"body":{"type":"object","properties":{"n":{"type":"integer"}}}
            """;
        using var tool = new OddTool
        {
            Inputs = inputs,
            Request =
                """{"method":"POST","url":"/things","query":["limit","after"],"body":{"format":"json","fields":["body"]}}""",
        };
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        await tool.SendAsync(
            peer.BaseUrl,
            System.Text.Json.JsonElement.Parse("""{"limit":25.0,"after":null,"body":{"n":3e2}}""")
        );
        Assert.StartsWith("POST /things?limit=25 ", peer.LastRequest, StringComparison.Ordinal);
        Assert.EndsWith("""{"body":{"n":300}}""", peer.LastRequest, StringComparison.Ordinal);
    }

    /// <summary>Read back with ASP.NET's reader.</summary>
    private static async Task<(
        string Head,
        List<(string Name, string? FileName, string? Type, string Text)>
    )> UploadAsync(object input)
    {
        using var tool = new OddTool { Inputs = UploadInputs, Request = Upload };
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        Assert.Equal(UpstreamOutcome.Succeeded, (await tool.SendAsync(peer.BaseUrl, input)).Outcome);
        var request = peer.LastRequest;
        var type = request.Split("\r\n").Single(l => l.StartsWith("Content-Type: multipart", StringComparison.Ordinal));
        var boundary = MediaTypeHeaderValue.Parse(type["Content-Type: ".Length..]).Boundary.Value!;
        var body = request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        var reader = new MultipartReader(boundary, new MemoryStream(Encoding.UTF8.GetBytes(body)));
        var parts = new List<(string, string?, string?, string)>();
        while (await reader.ReadNextSectionAsync() is { } section)
        {
            var disposition = ContentDispositionHeaderValue.Parse(section.ContentDisposition);
            parts.Add(
                (
                    Bare(disposition.Name.Value)!,
                    Bare(disposition.FileName.Value),
                    section.ContentType,
                    await section.ReadAsStringAsync()
                )
            );
        }

        return (request, parts);

        static string? Bare(string? quoted) => string.IsNullOrEmpty(quoted) ? null : quoted.Trim('"');
    }
}
