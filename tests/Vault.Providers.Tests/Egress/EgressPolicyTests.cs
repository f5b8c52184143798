using System.Collections.Immutable;
using System.Net;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Egress;

namespace Vault.Providers.Tests.Egress;

public sealed class EgressPolicyTests
{
    private static readonly ProviderPack Pack = MakePack(false, "api.example.com", "*.tenant.example.com");
    private static readonly ProviderPack Development = MakePack(
        true,
        "127.0.0.1",
        "localhost",
        "::1",
        "api.example.com"
    );

    [Theory]
    [InlineData("https://api.example.com/x")]
    [InlineData("https://API.EXAMPLE.COM/x")]
    [InlineData("https://a.tenant.example.com/x")]
    [InlineData("https://a.b.tenant.example.com:443/x")]
    public void Pinned_hosts_pass(string url) => Assert.Null(Policy().Refusal(Pack, new Uri(url)));

    /// <summary>
    /// Verdicts are remembered per origin as it was written: what comes later under one policy is judged as if it came
    /// first.
    /// </summary>
    [Fact]
    public void A_verdict_is_remembered_for_its_origin_and_pack_only()
    {
        var policy = Policy(loopback: true);
        var other = MakePack(true, "other.example.com");
        string[] urls =
        [
            "https://api.example.com/x",
            "https://api.example.com/#frag",
            "https://user@api.example.com/x",
            "https://api.example.com:8443/x",
            "http://api.example.com/x",
            "http://127.0.0.1:9000/",
            "http://127.1:9000/",
            "https://2130706433/",
            "https://api.example.com",
            "https://api.example.com?q",
            "https://api.example.com@evil.net/",
        ];
        var relative = new Uri(new Uri("https://evil.net/"), "a?b=https://api.example.com/x");
        for (var round = 0; round < 2; round++)
        {
            foreach (var pack in new[] { Pack, Development, other })
            {
                foreach (var url in urls)
                    Assert.Equal(
                        Policy(loopback: true).Refusal(pack, new Uri(url)),
                        policy.Refusal(pack, new Uri(url))
                    );
                Assert.NotNull(policy.Refusal(pack, relative));
            }
        }
    }

    [Theory]
    [InlineData("https://tenant.example.com/")]
    [InlineData("https://eviltenant.example.com.evil.net/")]
    [InlineData("https://api.example.com.evil.net/")]
    [InlineData("https://xapi.example.com/")]
    [InlineData("https://api.example.com./")]
    [InlineData("https://user@api.example.com/")]
    [InlineData("https://api.example.com@evil.net/")]
    [InlineData("https://api.example.com:8443/")]
    [InlineData("http://api.example.com/")]
    [InlineData("ftp://api.example.com/")]
    [InlineData("https://api.example.com/#frag")]
    [InlineData("https://аpi.example.com/")]
    [InlineData("https://api。example.com.evil.net/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.0.0.1/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://[::ffff:a9fe:a9fe]/")]
    [InlineData("https://2852039166/latest/meta-data")]
    [InlineData("https://0xa9fea9fe/")]
    [InlineData("https://0251.0376.0251.0376/")]
    [InlineData("https://169.254.43518/")]
    [InlineData("https://metadata.google.internal/")]
    public void Everything_else_is_refused(string url) => Assert.NotNull(Policy().Refusal(Pack, new Uri(url)));

    [Theory]
    [InlineData("http://127.0.0.1:9090/")]
    [InlineData("http://localhost:9090/")]
    [InlineData("http://[::1]:9090/")]
    [InlineData("https://127.0.0.1/")]
    public void Loopback_passes_in_development_only(string url)
    {
        Assert.Null(Policy(loopback: true).Refusal(Development, new Uri(url)));
        Assert.NotNull(Policy(loopback: false).Refusal(Development, new Uri(url)));
    }

    [Theory]
    [InlineData("http://2130706433:9090/")]
    [InlineData("http://0x7f000001:9090/")]
    [InlineData("http://017700000001:9090/")]
    [InlineData("http://127.1:9090/")]
    [InlineData("http://api.example.com/")]
    [InlineData("http://[::ffff:127.0.0.1]:9090/")]
    public void Other_writings_of_loopback_are_refused_even_there(string url) =>
        Assert.NotNull(Policy(loopback: true).Refusal(Development, new Uri(url)));

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("100.64.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::7f00:1")]
    [InlineData("fe80::1")]
    [InlineData("fd00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("2002:0a00:0001::")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("4000::1")]
    public void Special_addresses_are_refused(string address) =>
        Assert.NotNull(Policy().Refusal("api.example.com", 443, IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("2606:4700::1111")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2002:0808:0808::1")]
    [InlineData("::ffff:8.8.8.8")]
    public void Public_addresses_pass(string address) =>
        Assert.Null(Policy().Refusal("api.example.com", 443, IPAddress.Parse(address)));

    [Fact]
    public void The_operator_opens_hosts_networks_and_ports()
    {
        var policy = Policy(false, "api.example.com", "git.tenant.example.com:8443", "10.20.0.0/16");
        Assert.Null(policy.Refusal("api.example.com", 443, IPAddress.Parse("10.99.0.1")));
        Assert.Null(policy.Refusal("a.tenant.example.com", 443, IPAddress.Parse("10.20.3.4")));
        Assert.NotNull(policy.Refusal("a.tenant.example.com", 443, IPAddress.Parse("10.21.3.4")));
        Assert.Null(policy.Refusal(Pack, new Uri("https://git.tenant.example.com:8443/")));
        Assert.NotNull(policy.Refusal(Pack, new Uri("https://git.tenant.example.com:8444/")));
    }

    [Fact]
    public void Metadata_opens_only_when_named_exactly()
    {
        var metadata = IPAddress.Parse("169.254.169.254");
        Assert.NotNull(Policy(false, "169.254.0.0/16", "api.example.com").Refusal("api.example.com", 443, metadata));
        Assert.Null(Policy(false, "169.254.169.254").Refusal("api.example.com", 443, metadata));
    }

    [Theory]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.170.23")]
    [InlineData("169.254.0.23")]
    [InlineData("192.0.0.192")]
    [InlineData("fd20:ce::254")]
    [InlineData("fd00:ec2::23")]
    [InlineData("fd00:42::42")]
    [InlineData("fe80::a9fe:a9fe%2")]
    [InlineData("::ffff:168.63.129.16")]
    [InlineData("64:ff9b::168.63.129.16")]
    [InlineData("2002:a83f:8110::1")]
    [InlineData("64:ff9b:1::169.254.169.254")]
    [InlineData("2001:db8:1:2:3:4:168.63.129.16")]
    [InlineData("2a00:1234:5678:0:a8:3f81:1000::")]
    [InlineData("2a00:1234:5678:a83f:81:1000::")]
    public void Metadata_and_wire_servers_stay_shut_in_every_form(string address)
    {
        var open = Policy(false, "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "api.example.com");
        Assert.Equal(
            "it resolves to a metadata address",
            open.Refusal("api.example.com", 443, IPAddress.Parse(address))
        );
        Assert.Null(open.Refusal("api.example.com", 443, IPAddress.Parse("2a00:1234:5678::1")));
    }

    [Fact]
    public void Every_wrong_option_is_listed()
    {
        var options = new EgressOptions { ConnectTimeout = TimeSpan.Zero };
        foreach (
            var entry in new[]
            {
                "*.corp.example.com",
                "10.0.0.1/8",
                "corp",
                "https://x.example.com",
                "a.example.com:99999",
            }
        )
            options.Allow.Add(entry);
        EgressPolicy.Create(options, out var faults);
        Assert.Equal(6, faults.Length);
        Assert.Throws<ArgumentException>(() => new ProviderHttp(options));
    }

    private static EgressPolicy Policy(bool loopback = false, params string[] allow)
    {
        var options = new EgressOptions { AllowLoopback = loopback };
        foreach (var entry in allow)
            options.Allow.Add(entry);
        var policy = EgressPolicy.Create(options, out var faults);
        Assert.Empty(faults);
        return policy;
    }

    private static ProviderPack MakePack(bool development, params string[] hosts) =>
        new()
        {
            Id = "acme",
            Version = "1.0.0",
            DisplayName = "Acme",
            AuthModes = [AuthMode.ApiKey],
            Refresh = new RefreshPolicy { Rotation = Rotation.Mints },
            Hosts = [.. hosts],
            DevelopmentOnly = development,
            Details = new PackDetails { Api = new ApiShape { BaseUrl = UrlTemplate.Parse("https://api.example.com") } },
        };
}
