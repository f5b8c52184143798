using System.Net;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit.Provider;

namespace Vault.Host.Tests.Providers;

/// <summary>F19: a network where calls leave through a proxy, and certificates are of the company.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task A_host_with_a_proxy_sends_its_calls_through_it_and_holds_its_egress_rules()
    {
        await using var proxy = new TestProxy();
        await using var provider = await ScriptedProvider.StartAsync();
        await using var world = await World.StartAsync(1, false, "--egress-proxy", proxy.Url);
        var organization = await world.OrganizationAsync();
        await world.PostAsync("/v1/providers", provider.Pack("behind"));
        await world.ConnectionAsync(
            organization,
            "behind",
            new
            {
                client_id = "c",
                client_secret = "s",
                parameters = new { },
            }
        );
        var link = new
        {
            organization_id = organization,
            user_id = "ada",
            connection = "behind",
            scopes = new[] { "read" },
        };
        await ScriptedProvider.ConnectAsync(world, link, "any");
        var done = await world.ExecuteAsync(organization, "ada", "behind_look");

        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        Assert.Contains(proxy.Asked, line => line.StartsWith($"POST {provider.Url}/token", StringComparison.Ordinal));
        Assert.Contains(proxy.Asked, line => line.StartsWith($"GET {provider.Url}/look", StringComparison.Ordinal));
    }

    [Fact]
    public void An_option_goes_before_the_variables_and_a_wrong_one_is_named_without_its_password()
    {
        KeyValuePair<string, string>[] usual = [new("HTTPS_PROXY", "http://p:1")];
        Assert.Null(VaultOptions.Read(["--egress-proxy", "none"], usual).Options!.Egress().HttpsProxy);
        Assert.Equal("http://p:1", VaultOptions.Read([], usual).Options!.Egress().HttpsProxy);
        Assert.Equal(
            ("http://a:1", "a.example,10.0.0.0/8"),
            (
                VaultOptions.Read([], [new("all_proxy", "http://a:1")]).Options!.Egress().HttpProxy,
                string.Join(
                    ',',
                    VaultOptions.Read([], [new("no_proxy", "a.example, 10.0.0.0/8")]).Options!.EgressNoProxy
                )
            )
        );
        Assert.Equal(
            "http://own:3128",
            VaultOptions.Read(["--egress-proxy", "http://own:3128"], usual).Options!.Egress().HttpsProxy
        );
        var fault = Assert.Single(VaultOptions.Read(["--egress-proxy", "ftp://u:hidden@own"], []).Faults);
        Assert.Contains("VAULT_EGRESS_PROXY", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", fault, StringComparison.Ordinal);
        Assert.Contains(
            "VAULT_EGRESS_CA_FILE",
            Assert.Single(VaultOptions.Read(["--egress-ca-file", "no-such-file.pem"], []).Faults),
            StringComparison.Ordinal
        );
    }
}
