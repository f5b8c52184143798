using System.Net;
using System.Text;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

public sealed partial class RequestShapeTests
{
    [Theory]
    [InlineData("""{"display_name":"a","colour":"red"}""", "colour", "display_name, external_id")]
    [InlineData("""{"display_name":7}""", "display_name", "string")]
    [InlineData("""{}""", "display_name", "required")]
    [InlineData("""{"display_name":null}""", "display_name", "required")]
    [InlineData("""{"Display_Name":"a"}""", "Display_Name", "unknown")]
    public async Task What_is_wrong_is_named_with_the_fix(string body, string field, string fix)
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = (await host.PostAsync("/v1/organizations", body)).Is(400, "invalid_request");
        Assert.Equal("application/problem+json", reply.Header("Content-Type"));
        Assert.Contains(reply.Json["violations"]!.AsArray(), v =>
            v!["path"]!.GetValue<string>() == field
            && v["message"]!.GetValue<string>().Contains(fix, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("""{"display_name":"a","display_name":"b"}""")]
    [InlineData("""{"display_name":"a",}""")]
    [InlineData("""{"display_name":"a"} x""")]
    [InlineData("""["display_name"]""")]
    [InlineData("""{/*c*/"display_name":"a"}""")]
    [InlineData("not json")]
    public async Task What_is_not_one_clean_object_is_refused(string body)
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.PostAsync("/v1/organizations", body)).Is(400, "invalid_request");
    }

    /// <summary>
    /// Found by the fuzzer: each of these was an answer 500, because the parser lets them pass and throws when the name
    /// or value is read.
    /// </summary>
    [Fact]
    public async Task Text_that_is_no_unicode_is_refused_wherever_it_stands()
    {
        await using var host = await GatewayHost.StartAsync();
        byte[][] bodies =
        [
            [.. "{\"display_name\":\"a\",\"d"u8, 0xAD, .. "e\":1}"u8],
            [.. "{\"display_name\":\""u8, 0xC3, 0x28, .. "\"}"u8],
            [.. """{"display_name":"\ud800"}"""u8],
            [.. """{"display_name":"a","\udc00":1}"""u8],
            [.. """{"tool_name":"acme_list","tool_input":{"a":["\ud800x"]}}"""u8],
        ];
        foreach (var body in bodies)
        foreach (var path in new[] { "/v1/organizations", "/v1/execute_tool", "/v1/providers" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + host.Admin);
            using var response = await host.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains("invalid_request", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        (await host.PostAsync("/v1/organizations", """{"display_name":"\ud83d\ude00 \u00e9"}""")).Is(201);
    }

    [Fact]
    public async Task A_body_is_bounded_in_size_and_depth_and_must_be_json()
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.PostAsync("/v1/organizations", "{\"display_name\":\"" + new string('a', 1024 * 1024) + "\"}")).Is(
            413,
            "too_large"
        );
        (await host.PostAsync("/v1/organizations", new string('[', 100) + new string(']', 100))).Is(
            400,
            "invalid_request"
        );
        using var form = new StringContent("{\"display_name\":\"a\"}", Encoding.UTF8, "text/plain");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/organizations") { Content = form };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + host.Admin);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task A_secret_that_is_refused_is_not_repeated()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization, "keyed");
        var reply = await host.PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = organization,
                user_id = "u",
                connection = "keyed",
                credential = new
                {
                    type = "api_key",
                    api_key = "hunter2-not-the-form",
                    other = "hunter2-too",
                },
            }
        );
        reply.Is(400, "invalid_request");
        Assert.DoesNotContain("hunter2", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Logs.Lines, l => l.Contains("hunter2", StringComparison.Ordinal));
        (
            await host.PostAsync(
                "/v1/connections",
                $"{{\"client_secret\":\"hunter2\",\"organization_id\":\"{organization}\""
            )
        ).Is(400);
        Assert.DoesNotContain(host.Logs.Lines, l => l.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Query_parameters_are_checked_like_fields()
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.GetAsync("/v1/organizations?page_size=0")).Is(400, "invalid_request");
        (await host.GetAsync("/v1/organizations?page_size=201")).Is(400, "invalid_request");
        (await host.GetAsync("/v1/organizations?page_size=1&page_size=2")).Is(400, "invalid_request");
        (await host.GetAsync("/v1/organizations?sort=name")).Is(400, "invalid_request");
        (await host.GetAsync("/v1/organizations?page_token=nonsense")).Is(400, "invalid_request");
        var organization = await host.OrganizationAsync();
        (await host.GetAsync($"/v1/connected_accounts?organization_id={organization}&status=HAPPY")).Is(
            400,
            "invalid_request"
        );
        (await host.GetAsync($"/v1/ledger?organization_id={organization}&from=yesterday")).Is(400, "invalid_request");
    }

    /// <summary>
    /// Each name that is not known is told with what is: an answer to a body full of them was a hundred times its size.
    /// </summary>
    [Fact]
    public async Task An_answer_to_many_faults_is_bounded()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization, "keyed");
        var many = Enumerable.Range(0, 20_000).ToDictionary(i => "p" + i, _ => "v");
        var parameters = (
            await host.PostAsync(
                "/v1/connections",
                new
                {
                    organization_id = organization,
                    provider = "acme",
                    client_id = "x",
                    parameters = many,
                }
            )
        ).Is(400, "invalid_request");
        var credential = many.Append(new("type", "api_key")).ToDictionary(p => p.Key, p => p.Value);
        var fields = (
            await host.PostAsync(
                "/v1/connected_accounts",
                new
                {
                    organization_id = organization,
                    user_id = "u",
                    connection = "keyed",
                    credential,
                }
            )
        ).Is(400, "invalid_request");
        Assert.All([parameters, fields], reply => Assert.InRange(reply.Text.Length, 100, 20_000));
        (
            await host.PostAsync(
                "/v1/connections",
                "{\"organization_id\":\""
                    + organization
                    + "\",\"provider\":\"acme\",\"client_id\":\"x\",\"parameters\":{\"a\\u0000b\":\"c\\u0000d\"}}"
            )
        ).Is(400, "invalid_request");
    }

    [Fact]
    public async Task Aliases_are_taken_and_contradictions_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        (
            await host.PostAsync(
                "/v1/execute_tool",
                new
                {
                    tool_name = "acme_get_item",
                    organization_id = organization,
                    identifier = "u",
                    @params = new { id = "1" },
                }
            )
        ).Is(424, "account_not_connected");
        (
            await host.PostAsync(
                "/v1/execute_tool",
                new
                {
                    tool_name = "acme_get_item",
                    organization_id = organization,
                    identifier = "u",
                    user_id = "u",
                    arguments = new { id = "1" },
                }
            )
        ).Is(424);
        var twice = (
            await host.PostAsync(
                "/v1/execute_tool",
                new
                {
                    tool_name = "acme_get_item",
                    organization_id = organization,
                    identifier = "u",
                    user_id = "v",
                    tool_input = new { id = "1" },
                }
            )
        ).Is(400, "invalid_request");
        Assert.Contains("identifier", twice["detail"], StringComparison.Ordinal);
        (
            await host.PostAsync(
                "/v1/execute_tool",
                new
                {
                    tool_name = "acme_get_item",
                    organization_id = organization,
                    user_id = "u",
                    connector = "a",
                    connection_name = "b",
                    tool_input = new { id = "1" },
                }
            )
        ).Is(400);
    }
}
