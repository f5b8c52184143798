using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// What an agent sees of what a provider answers, and of inputs as models write them: through host and pipeline. The
/// table in docs/provider-answers.md names the test of each kind.
/// </summary>
public sealed partial class ProviderFaultTests
{
    private const string Tools = """
        [{"name":"own_find","description":"d","effect":"read","scopes":[],
          "input_schema":{"type":"object","properties":{"text":{"type":"string"},"limit":{"type":"integer"},
            "since":{"type":"string","format":"date-time"}}},
          "request":{"method":"GET","url":"/find","query":["text","limit","since"],
            "paging":{"style":"next_url","next":"next"} } },
         {"name":"own_make","description":"d","effect":"write","idempotency":"none","scopes":[],
          "input_schema":{"type":"object","properties":{"title":{"type":"string"},"note":{"type":"string"},"size":{"type":"integer"}},"required":["title"]},
          "request":{"method":"POST","url":"/make","body":{"format":"json","fields":["title","note","size"]} } },
         {"name":"own_put","description":"d","effect":"write","idempotency":"none","scopes":[],
          "input_schema":{"type":"object","properties":{"data":{"type":"string"},"name":{"type":"string"}}},
          "request":{"method":"POST","url":"/put","body":{"format":"multipart",
            "file":{"part":"file","content":"data","base64":true,"file_name":"name"} } } }]
        """;

    [Fact]
    public async Task A_refusal_brings_what_the_provider_said_to_tool_and_raw_call()
    {
        await using var world = await World.StartAsync();
        await using var provider = await OwnProvider.StartAsync(async http =>
        {
            http.Response.StatusCode = 409;
            http.Response.Headers.ETag = "\"v9\"";
            http.Response.Headers.Location = "/things/7";
            http.Response.Headers.SetCookie = "a=b";
            await http.Response.WriteAsJsonAsync(
                new { error = new { message = "title is taken", key = http.Request.Headers["X-Key"].ToString() } }
            );
        });
        await provider.ConnectAsync(world, Tools);

        var tool = await world.ExecuteAsync(provider.Organization, "ada", "own_make", new { title = "x" });
        var raw = await world.PostAsync(
            "/v1/proxy/own/make",
            new
            {
                organization_id = provider.Organization,
                user_id = "ada",
                method = "POST",
                body = new { title = "x" },
            }
        );

        foreach (var answer in new[] { tool, raw })
        {
            Assert.Equal("upstream_rejected", answer.Code);
            Assert.Equal(
                """{"status":409,"error":"http_409","body":{"error":{"message":"title is taken","key":"[credential]"}},"""
                    + $$"""
                    "headers":{"etag":"\"v9\"","location":"{{provider.Url}}/things/7"},"trust":"untrusted_content"}
                    """,
                answer.Json.GetProperty("upstream").GetRawText()
            );
        }
    }

    [Fact]
    public async Task What_was_created_and_where_to_poll_is_in_the_answer()
    {
        await using var world = await World.StartAsync();
        await using var provider = await OwnProvider.StartAsync(http =>
        {
            http.Response.StatusCode = 202;
            http.Response.Headers["Operation-Location"] = "jobs/12?v=1";
            return Task.CompletedTask;
        });
        await provider.ConnectAsync(world, Tools);
        var made = await world.ExecuteAsync(provider.Organization, "ada", "own_make", new { title = "x" });
        Assert.Equal(
            $$$"""{"headers":{"operation-location":"{{{provider.Url}}}/jobs/12?v=1"}}""",
            made.Json.GetProperty("upstream").GetRawText()
        );
    }

    [Fact]
    public async Task Inputs_are_sent_as_they_are_meant()
    {
        await using var world = await World.StartAsync();
        var bodies = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var provider = await OwnProvider.StartAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            bodies.Enqueue(await reader.ReadToEndAsync());
            await http.Response.WriteAsJsonAsync(new { ok = true });
        });
        await provider.ConnectAsync(world, Tools);

        // A local time, an integer of a client that has only doubles, and null for what is left out.
        var found = await world.ExecuteAsync(
            provider.Organization,
            "ada",
            "own_find",
            JsonElement.Parse("""{"text":null,"limit":20.0,"since":"2032-05-06T07:08:09"}""")
        );
        Assert.True(found.Status == HttpStatusCode.OK, found.ToString());
        var made = await world.ExecuteAsync(
            provider.Organization,
            "ada",
            "own_make",
            JsonElement.Parse("""{"title":"t","note":null,"size":5e1}""")
        );
        Assert.True(made.Status == HttpStatusCode.OK, made.ToString());
        var required = await world.ExecuteAsync(
            provider.Organization,
            "ada",
            "own_make",
            JsonElement.Parse("""{"title":null}""")
        );
        Assert.Equal("tool_input_invalid", required.Code);
        var put = await world.ExecuteAsync(
            provider.Organization,
            "ada",
            "own_put",
            new { data = "_-8", name = "Größe \"1\".bin" }
        );
        Assert.True(put.Status == HttpStatusCode.OK, put.ToString());

        Assert.Equal("GET /find?limit=20&since=2032-05-06T07%3A08%3A09", provider.Requests.First());
        Assert.Equal("""{"title":"t","size":50}""", bodies.ElementAt(1));
        Assert.Contains(
            "name=\"file\"; filename=\"Größe %221%22.bin\"\r\n",
            bodies.ElementAt(2),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_the_vault_finds_wrong_is_not_blamed_on_the_provider()
    {
        await using var world = await World.StartAsync();
        await using var provider = await OwnProvider.StartAsync(http => http.Response.WriteAsync("{}"));
        await provider.ConnectAsync(world, Tools, ",\"verification\":{\"url\":\"" + provider.Url + "/me\"}");

        var verified = await provider.ImportAsync(world, "bob", "sk-pasted\u00a0", validate: true);
        var stored = await provider.ImportAsync(world, "eve", "sk-\u201cquoted\u201d");
        var used = await world.ExecuteAsync(provider.Organization, "eve", "own_find");
        var page = await world.PostAsync(
            "/v1/execute_tool",
            new
            {
                organization_id = provider.Organization,
                user_id = "ada",
                tool_name = "own_put",
                tool_input = new { data = "?", name = "n" },
            }
        );

        Assert.Equal(HttpStatusCode.Created, stored.Status);
        foreach (var answer in new[] { verified, used })
        {
            Assert.Equal("credential_invalid", answer.Code);
            Assert.DoesNotContain("provider ref", answer.Text, StringComparison.OrdinalIgnoreCase);
            Assert.False(answer.Json.TryGetProperty("upstream", out _), answer.Text);
        }

        Assert.Equal("tool_input_invalid", page.Code);
        Assert.Equal("data", page.Json.GetProperty("violations")[0].GetProperty("path").GetString());
        Assert.Empty(provider.Requests);
    }

    [Fact]
    public async Task A_list_that_goes_on_elsewhere_does_not_look_complete_and_a_download_is_followed()
    {
        await using var world = await World.StartAsync();
        await using var provider = await OwnProvider.StartAsync(http =>
        {
            if (http.Request.Path == "/find" && http.Request.Query["text"] == "file")
                http.Response.Redirect("/files/1");
            else if (http.Request.Path == "/files/1")
                return http.Response.WriteAsync("plain text");
            else
                return http.Response.WriteAsJsonAsync(
                    new { items = new[] { 1 }, next = "http://localhost:1/find?page=2" }
                );
            return Task.CompletedTask;
        });
        await provider.ConnectAsync(world, Tools);

        var list = await world.ExecuteAsync(provider.Organization, "ada", "own_find");
        Assert.Equal("null", list["next_page_token"]);
        Assert.Equal("next_page_not_followed", list.Json.GetProperty("warnings")[0].GetProperty("code").GetString());
        var file = await world.ExecuteAsync(provider.Organization, "ada", "own_find", new { text = "file" });
        Assert.Equal("plain text", file["data"]);
    }

    [Fact]
    public async Task Every_url_in_any_answer_is_absolute()
    {
        await using var world = await World.StartAsync();
        await using var provider = await OwnProvider.StartAsync(http => http.Response.WriteAsync("{}"));
        await provider.ConnectAsync(world, Tools);
        var contract = await world.GetAsync("/openapi/v1.json");
        var relative = new List<string>();
        var seen = 0;
        foreach (var path in contract.Json.GetProperty("paths").EnumerateObject())
        foreach (var method in path.Value.EnumerateObject())
        {
            var target = PathParameter()
                .Replace(path.Name, m => m.Groups[1].Value switch
                    {
                        "organization_id" => provider.Organization,
                        "connected_account_id" => provider.Account,
                        "connection" or "provider" => "own",
                        "tool" or "name" => "own_find",
                        _ => "none",
                    });
            // Erasing and suspending would end the walk.
            if (target.Contains("organizations/", StringComparison.Ordinal) && method.Name != "get")
                continue;
            foreach (var query in new[] { "", "?organization_id=" + provider.Organization, "?unknown=1" })
            {
                using var request = new HttpRequestMessage(
                    new HttpMethod(method.Name.ToUpperInvariant()),
                    new Uri(target + query, UriKind.Relative)
                );
                if (method.Name is "post" or "patch" or "put")
                    request.Content = new StringContent(
                        JsonSerializer.Serialize(new { organization_id = provider.Organization, user_id = "nobody" }),
                        null,
                        "application/json"
                    );
                using var response = await world.Client().SendAsync(request);
                seen++;
                if (
                    target != "/openapi/v1.json"
                    && response.Content.Headers.ContentType?.MediaType
                        is "application/json"
                            or "application/problem+json"
                )
                    Walk(
                        JsonElement.Parse(await response.Content.ReadAsStringAsync()),
                        method.Name + " " + target,
                        relative
                    );
            }
        }

        Assert.True(seen > 100, $"{seen} answers");
        Assert.True(relative.Count == 0, string.Join("\n", relative.Distinct()));
    }

    private static void Walk(JsonElement value, string at, List<string> relative)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    if (
                        (member.Name.EndsWith("url", StringComparison.Ordinal) || member.Name is "link" or "href")
                        && member.Value.ValueKind == JsonValueKind.String
                        && !Uri.TryCreate(member.Value.GetString(), UriKind.Absolute, out _)
                    )
                        relative.Add($"{at}: {member.Name} {member.Value}");
                    Walk(member.Value, at + "/" + member.Name, relative);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    Walk(item, at, relative);
                break;
            case JsonValueKind.String when Reference().Match(value.GetString()!) is { Success: true } match:
                relative.Add($"{at}: {match.Value}");
                break;
        }
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();

    // A reference to a route without a host before it.
    [GeneratedRegex(@"(?<![\w:/.}])/(v1|connect|oauth|openapi|docs|health|mcp|me|ops)\b[^\s]*")]
    private static partial Regex Reference();
}
