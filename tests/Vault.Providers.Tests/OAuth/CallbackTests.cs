using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;
using Vault.Providers.OAuth;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.OAuth;

public sealed class CallbackTests
{
    [Theory]
    [InlineData("4620816365002345678", null)]
    [InlineData("", "callback_realmId_missing")]
    [InlineData("1", "callback_realmId_refused")]
    [InlineData("4620816365002345678/../..", "callback_realmId_refused")]
    [InlineData("4620816365002345678\n", "callback_realmId_refused")]
    public void The_company_of_quick_books_comes_with_the_redirect(string realm, string? fault)
    {
        var reading = CallbackReader.Read(
            Client("quickbooks"),
            new Dictionary<string, string>
            {
                ["code"] = "c",
                ["state"] = "s",
                ["realmId"] = realm,
            }
        );
        Assert.Equal(fault, reading.Fault);
        Assert.Equal(fault is null ? realm : null, reading.Captured.GetValueOrDefault("realm_id"));
    }

    [Fact]
    public void Shopifys_way_back_is_signed_and_names_the_connections_shop()
    {
        var client = Client("shopify", ("subdomain", "acme"));
        Assert.Null(CallbackReader.Read(client, Signed("acme.myshopify.com")).Fault);
        Assert.Equal("callback_shop_mismatch", CallbackReader.Read(client, Signed("evil.myshopify.com")).Fault);
        var forged = Signed("acme.myshopify.com");
        forged["timestamp"] = "1700000001";
        Assert.Equal("callback_signature_wrong", CallbackReader.Read(client, forged).Fault);
        foreach (var name in new[] { "hmac", "shop", "code", "timestamp" })
        {
            var without = Signed("acme.myshopify.com");
            without.Remove(name);
            Assert.NotNull(CallbackReader.Read(client, without).Fault);
        }

        Assert.Equal(
            "callback_signature_wrong",
            CallbackReader.Read(client with { ClientSecret = null }, Signed("acme.myshopify.com")).Fault
        );
    }

    [Fact]
    public void A_signed_text_is_not_cut_into_other_parameters()
    {
        // Signed for one shop, cut so that the signed text reads the same and names another.
        var client = Client("shopify", ("subdomain", "acme"));
        var query = Signed("acme.myshopify.com");
        var cut = new Dictionary<string, string>(query) { ["code"] = query["code"] + "&host=" + query["host"] };
        cut.Remove("host");
        Assert.Equal("callback_signature_wrong", CallbackReader.Read(client, cut).Fault);
        // What the provider itself signs with such a character in it stays right.
        var text = "code=c1&host=a%26b%25=&shop=acme.myshopify.com";
        var odd = new Dictionary<string, string>
        {
            ["code"] = "c1",
            ["host"] = "a&b%=",
            ["shop"] = "acme.myshopify.com",
            ["hmac"] = Convert.ToHexStringLower(HMACSHA256.HashData("shop-secret"u8, Encoding.UTF8.GetBytes(text))),
        };
        Assert.Null(CallbackReader.Read(client, odd).Fault);
    }

    [Fact]
    public void Amazons_code_has_another_name() =>
        Assert.Equal(
            "spapi_oauth_code",
            LoadedPacks.All.All.Single(p => p.Id == "amazon_selling_partner").Details.OAuth!.Callback!.Code
        );

    [Fact]
    public void Tokens_from_elsewhere_may_bring_what_the_answer_would_have()
    {
        var pack = LoadedPacks.All.All.Single(p => p.Id == "quickbooks");
        using var draft = new CredentialRequest
        {
            Mode = null,
            Fields = ImmutableSortedDictionary<string, Secret>.Empty.Add("access_token", Secret.From("token")),
            Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("realm_id", "4620816365002345678"),
        };
        Assert.Empty(
            CredentialRules.Check(pack, new ConnectionSettings { ClientId = "c" }, draft, DateTimeOffset.UnixEpoch)
        );
        var hostile = LoadedPacks.All.All.Single(p => p.Id == "salesforce");
        using var stolen = new CredentialRequest
        {
            Mode = null,
            Fields = ImmutableSortedDictionary<string, Secret>.Empty.Add("access_token", Secret.From("token")),
            Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("instance_url", "https://evil.example"),
        };
        Assert.Equal(
            "parameters.instance_url",
            Assert
                .Single(
                    CredentialRules.Check(
                        hostile,
                        new ConnectionSettings { ClientId = "c" },
                        stolen,
                        DateTimeOffset.UnixEpoch
                    )
                )
                .Path
        );
    }

    private static Dictionary<string, string> Signed(string shop)
    {
        var query = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["code"] = "c1",
            ["shop"] = shop,
            ["state"] = "s1",
            ["timestamp"] = "1700000000",
            ["host"] = "YWRtaW4",
        };
        var text = string.Join('&', query.Select(p => p.Key + "=" + p.Value));
        return new Dictionary<string, string>(query)
        {
            ["hmac"] = Convert.ToHexStringLower(HMACSHA256.HashData("shop-secret"u8, Encoding.UTF8.GetBytes(text))),
        };
    }

    private static TokenClient Client(string provider, params (string Name, string Value)[] parameters)
    {
        var pack = LoadedPacks.All.All.Single(p => p.Id == provider);
        var values = parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        return new TokenClient(
            new OrganizationId("org_" + new string('0', 26)),
            pack,
            new ConnectionSettings { ClientId = "client", Parameters = values },
            Secret.From("shop-secret"),
            values,
            "https://vault.example.com/oauth/callback"
        );
    }
}
