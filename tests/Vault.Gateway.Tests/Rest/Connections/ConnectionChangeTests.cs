using System.Text.Json.Nodes;
using Vault.Core.Connections;
using Vault.Core.Ledger;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Connections;

public sealed class ConnectionChangeTests
{
    /// <summary>A change of each setting, as a request makes it. A new setting without one here is found
    /// below.</summary>
    private static readonly (string Property, string Setting, string Body)[] Changes =
    [
        ("ClientId", "client_id", """{"client_id":"client-2"}"""),
        ("Scopes", "scopes", """{"scopes":["items:read"]}"""),
        ("ScopesVersion", "scopes_version", """{"scopes":["items:write"]}"""),
        ("RedirectUri", "redirect_uri", """{"redirect_uri":"https://app.example.com/oauth/callback"}"""),
        ("ReturnUrls", "return_urls", """{"return_urls":["https://app.example.com/other"]}"""),
        ("Tools", "tools", """{"tools":["acme_get_item"]}"""),
        ("AllowProxy", "allow_proxy", """{"allow_proxy":true}"""),
        ("ProxyEffect", "proxy_effect", """{"proxy_effect":"write"}"""),
        ("QuotaPerMinute", "quota_per_minute", """{"quota_per_minute":7}"""),
        ("Disabled", "disabled", """{"disabled":true}"""),
        ("AppName", "app_name", """{"app_name":"Other"}"""),
        ("client_secret", "client_secret", """{"client_secret":"client-secret-2"}"""),
    ];

    [Fact]
    public async Task The_entry_of_a_change_has_the_old_and_new_value_of_every_setting()
    {
        // Parameters are changed in the tests of destinations; bundles have routes of their own.
        Assert.Equal(
            typeof(ConnectionSettings).GetProperties().Select(p => p.Name).Order(StringComparer.Ordinal),
            Changes
                .Select(c => c.Property)
                .Where(p => p != "client_secret")
                .Append("Parameters")
                .Append("Bundles")
                .Order(StringComparer.Ordinal)
        );
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization);
        foreach (var (_, setting, body) in Changes)
        {
            var entry = await ChangeAsync(host, organization, body);
            var change = Assert.Single(entry["changes"]!.AsArray(), c => c!["setting"]!.GetValue<string>() == setting)!;
            Assert.NotEqual(change["old"]?.ToJsonString(), change["new"]?.ToJsonString());
            Assert.DoesNotContain("client-secret", entry.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_change_of_one_setting_lists_only_that_one()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization);
        var entry = await ChangeAsync(host, organization, """{"quota_per_minute":9}""");
        Assert.Equal("""[{"setting":"quota_per_minute","old":0,"new":9}]""", entry["changes"]!.ToJsonString());
    }

    private static async Task<JsonNode> ChangeAsync(GatewayHost host, string organization, string change)
    {
        var body = JsonNode.Parse(change)!;
        body["organization_id"] = organization;
        (await host.SendAsync(HttpMethod.Patch, "/v1/connections/acme", body.ToJsonString())).Is(200);
        await host.Get<LedgerWriter>().DrainOutboxAsync(default);
        var page = await host.GetAsync(
            $"/v1/ledger?organization_id={organization}&type=connection.changed&page_size=200"
        );
        return page.Json["items"]!.AsArray()[0]!["entry"]!["details"]!;
    }
}
