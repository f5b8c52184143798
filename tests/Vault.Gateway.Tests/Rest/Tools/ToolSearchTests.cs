using System.Text.Json.Nodes;
using Vault.Gateway.Rest.Tools;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Tools;

public sealed class ToolSearchTests
{
    [Fact]
    public async Task Offered_shows_what_the_organizations_connections_offer()
    {
        await using var host = await GatewayHost.StartAsync();
        var (organization, other) = (await host.OrganizationAsync(), await host.OrganizationAsync("Other"));
        Assert.Equal([], await FoundAsync(host, organization));
        var connection = await host.ConnectionAsync(organization);
        Assert.Equal(["acme_delete_item", "acme_get_item"], await FoundAsync(host, organization));
        Assert.Equal([], await FoundAsync(host, other));

        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/" + connection,
                new { organization_id = organization, tools = new[] { "acme_get_item" } }
            )
        ).Is(200);
        Assert.Equal(["acme_get_item"], await FoundAsync(host, organization));
        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/" + connection,
                new { organization_id = organization, disabled = true }
            )
        ).Is(200);
        Assert.Equal([], await FoundAsync(host, organization));
        Assert.Equal("invalid_request", (await host.GetAsync("/v1/tools:search?q=item&offered=true")).Is(400).Code);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    [InlineData("mcp")]
    public async Task A_budget_drops_texts_first_and_then_tools(string format)
    {
        await using var host = await GatewayHost.StartAsync();
        async Task<JsonArray> FindAsync(string more) =>
            (await host.GetAsync($"/v1/tools:search?q=item&format={format}{more}")).Is(200).Json["items"]!.AsArray();
        var whole = await FindAsync("");
        Assert.Equal(3, whole.Count);
        Assert.True(JsonNode.DeepEquals(whole, await FindAsync("&max_tokens=1000000")));

        // One token less than all: every tool is there still, with its inputs, and costs less.
        var cost = whole.Sum(t => ToolBudget.Tokens(t!.AsObject()));
        var bare = await FindAsync("&max_tokens=" + (cost - 1));
        Assert.Equal(Names(whole), Names(bare));
        Assert.InRange(bare.Sum(t => ToolBudget.Tokens(t!.AsObject())), 1, cost - 1);
        Assert.Equal(Inputs(whole), Inputs(bare));

        var few = await FindAsync("&max_tokens=100");
        Assert.True(few.Count <= 1 && few.Sum(t => ToolBudget.Tokens(t!.AsObject())) <= 100);
    }

    [Fact]
    public async Task A_budget_needs_a_models_format()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal("invalid_request", (await host.GetAsync("/v1/tools:search?q=item&max_tokens=500")).Is(400).Code);
        Assert.Equal(
            "invalid_request",
            (await host.GetAsync("/v1/tools:search?q=item&format=mcp&max_tokens=1")).Is(400).Code
        );
    }

    [Fact]
    public void An_input_named_like_a_keyword_stays()
    {
        var form = JsonNode
            .Parse(
                """{"name":"a","description":"One. Two.","input_schema":{"type":"object","properties":{"title":{"type":"string","title":"T","description":"long text"}},"required":["title"]}}"""
            )!
            .AsObject();
        var fitted = ToolBudget.Fit([(null!, form)], ToolBudget.Tokens(form) - 1)[0].Form;
        Assert.Equal(
            """{"name":"a","description":"One. Two.","input_schema":{"type":"object","properties":{"title":{"type":"string"}},"required":["title"]}}""",
            fitted.ToJsonString()
        );
        Assert.Equal(
            "One.",
            (string)ToolBudget.Fit([(null!, form)], ToolBudget.Tokens(fitted) - 1)[0].Form["description"]!
        );
    }

    private static string[] Names(JsonArray tools) =>
        [.. tools.Select(t => (string)(t!["name"] ?? t["function"]!["name"])!)];

    private static string[] Inputs(JsonArray tools) =>
        [
            .. tools.Select(t =>
                string.Join(
                    ',',
                    (t!["parameters"] ?? t["input_schema"] ?? t["inputSchema"] ?? t["function"]!["parameters"])![
                        "properties"
                    ]!
                        .AsObject()
                        .Select(p => p.Key)
                )
            ),
        ];

    private static async Task<IEnumerable<string>> FoundAsync(GatewayHost host, string organization) =>
        (await host.GetAsync($"/v1/tools:search?q=item&offered=true&organization_id={organization}")).Is(200).Json[
            "items"
        ]!
            .AsArray()
            .Select(i => (string)i!["name"]!)
            .Order();
}
