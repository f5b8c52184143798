using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Tools;

public sealed class ToolSearchTests
{
    [Fact]
    public async Task OfferedShowsWhatTheOrganizationsConnectionsOffer()
    {
        await using var host = await GatewayHost.StartAsync();
        var (organization, other) = (await host.OrganizationAsync(), await host.OrganizationAsync("Other"));
        Assert.Equal([], await FoundAsync(host, organization));
        var connection = await host.ConnectionAsync(organization);
        Assert.Equal(["acme_delete_item", "acme_get_item"], await FoundAsync(host, organization));
        Assert.Equal([], await FoundAsync(host, other));

        (await host.SendAsync(HttpMethod.Patch, "/v1/connections/" + connection, new { organization_id = organization, tools = new[] { "acme_get_item" } })).Is(200);
        Assert.Equal(["acme_get_item"], await FoundAsync(host, organization));
        (await host.SendAsync(HttpMethod.Patch, "/v1/connections/" + connection, new { organization_id = organization, disabled = true })).Is(200);
        Assert.Equal([], await FoundAsync(host, organization));
        Assert.Equal("invalid_request", (await host.GetAsync("/v1/tools:search?q=item&offered=true")).Is(400).Code);
    }

    private static async Task<IEnumerable<string>> FoundAsync(GatewayHost host, string organization) =>
        (await host.GetAsync($"/v1/tools:search?q=item&offered=true&organization_id={organization}")).Is(200).Json["items"]!.AsArray().Select(i => (string)i!["name"]!).Order();
}
