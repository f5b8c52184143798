using System.Net;
using System.Net.Sockets;

namespace Vault.Providers.Egress;

/// <summary>
/// Decides which addresses belong to the public Internet (IANA special-purpose registries, RFC 6890), including IPv4
/// addresses embedded in IPv6 ones.
/// </summary>
internal static class AddressRules
{
    private static readonly (IPNetwork Network, string Name)[] Special =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "this network"),
        (IPNetwork.Parse("10.0.0.0/8"), "private"),
        (IPNetwork.Parse("100.64.0.0/10"), "carrier-grade NAT"),
        (IPNetwork.Parse("127.0.0.0/8"), "loopback"),
        (IPNetwork.Parse("169.254.0.0/16"), "link-local"),
        (IPNetwork.Parse("172.16.0.0/12"), "private"),
        (IPNetwork.Parse("192.0.0.0/24"), "protocol assignments"),
        (IPNetwork.Parse("192.0.2.0/24"), "documentation"),
        (IPNetwork.Parse("192.88.99.0/24"), "6to4 relay"),
        (IPNetwork.Parse("192.168.0.0/16"), "private"),
        (IPNetwork.Parse("198.18.0.0/15"), "benchmarking"),
        (IPNetwork.Parse("198.51.100.0/24"), "documentation"),
        (IPNetwork.Parse("203.0.113.0/24"), "documentation"),
        (IPNetwork.Parse("224.0.0.0/4"), "multicast"),
        (IPNetwork.Parse("240.0.0.0/4"), "reserved"),
        (IPNetwork.Parse("::/128"), "unspecified"),
        (IPNetwork.Parse("::1/128"), "loopback"),
        (IPNetwork.Parse("fe80::/10"), "link-local"),
        (IPNetwork.Parse("fec0::/10"), "site-local"),
        (IPNetwork.Parse("fc00::/7"), "unique local"),
        (IPNetwork.Parse("ff00::/8"), "multicast"),
        (IPNetwork.Parse("64:ff9b:1::/48"), "local NAT64"),
        (IPNetwork.Parse("2001::/23"), "protocol assignments"),
        (IPNetwork.Parse("2001:db8::/32"), "documentation"),
        (IPNetwork.Parse("3fff::/20"), "documentation"),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>
    /// Services of cloud hosts that hand out credentials, certificates or settings of machines; a listed network does
    /// not open them. Not all lie in a special-purpose network.
    /// </summary>
    private static readonly IPAddress[] Metadata =
    [
        IPAddress.Parse("169.254.169.254"), // most clouds
        IPAddress.Parse("169.254.169.253"), // AWS, the resolver
        IPAddress.Parse("169.254.170.2"), // AWS, credentials of containers
        IPAddress.Parse("169.254.170.23"), // AWS, credentials of pods
        IPAddress.Parse("fd00:ec2::254"), // AWS
        IPAddress.Parse("fd00:ec2::253"), // AWS, the resolver
        IPAddress.Parse("fd00:ec2::23"), // AWS, credentials of pods
        IPAddress.Parse("168.63.129.16"), // Azure, the wire server
        IPAddress.Parse("fd20:ce::254"), // Google Cloud
        IPAddress.Parse("100.100.100.200"), // Alibaba Cloud
        IPAddress.Parse("169.254.0.23"), // Tencent Cloud
        IPAddress.Parse("192.0.0.192"), // Oracle Cloud
        IPAddress.Parse("fd00:c1::a9fe:a9fe"), // Oracle Cloud
        IPAddress.Parse("169.254.42.42"), // Scaleway
        IPAddress.Parse("fd00:42::42"), // Scaleway
        IPAddress.Parse("fd00:a9fe:a9fe::1"), // Linode
        IPAddress.Parse("fe80::a9fe:a9fe"), // OpenStack
        IPAddress.Parse("169.254.169.250"), // Rancher
    ];

    // Where RFC 6052 2.2 puts the four bytes of an IPv4 address behind prefixes of 32, 40, 48, 56, 64 and 96 bits.
    private static readonly byte[][] Embedded =
    [
        [4, 5, 6, 7],
        [5, 6, 7, 9],
        [6, 7, 9, 10],
        [7, 9, 10, 11],
        [9, 10, 11, 12],
        [12, 13, 14, 15],
    ];

    /// <summary>Null for a public address, else the name of its range.</summary>
    public static string? Kind(IPAddress address)
    {
        var plain = Plain(address);
        if (IsMetadata(plain))
            return "metadata";
        foreach (var (network, name) in Special)
        {
            if (network.BaseAddress.AddressFamily == plain.AddressFamily && network.Contains(plain))
                return name;
        }

        return plain.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(plain)
            ? "not global unicast"
            : null;
    }

    /// <summary>
    /// Also behind a translation prefix of the operator's own network, which cannot be known: an address of the public
    /// Internet that happens to have one of these in such a place is as good as never met.
    /// </summary>
    public static bool IsMetadata(IPAddress address)
    {
        var plain = Plain(address);
        if (Metadata.Contains(plain))
            return true;
        if (plain.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        var bytes = plain.GetAddressBytes();
        return Embedded.Any(at => Metadata.Contains(new IPAddress([.. at.Select(i => bytes[i])])));
    }

    /// <summary>
    /// The IPv4 address embedded in an IPv6 one (mapped, compatible, NAT64, 6to4), without a scope; otherwise the
    /// address itself.
    /// </summary>
    public static IPAddress Plain(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        var unscoped = new IPAddress(bytes);
        if (Nat64.Contains(unscoped))
            return new IPAddress(bytes.AsSpan(12, 4));
        if (SixToFour.Contains(unscoped))
            return new IPAddress(bytes.AsSpan(2, 4));
        // ::1 and :: are not embedded IPv4 addresses.
        return Compatible.Contains(unscoped) && bytes.AsSpan(12, 3).ContainsAnyExcept((byte)0)
            ? new IPAddress(bytes.AsSpan(12, 4))
            : unscoped;
    }
}
