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
    /// Metadata services of clouds, which issue credentials; an allowed network does not include them.
    /// </summary>
    private static readonly IPAddress[] Metadata =
    [
        IPAddress.Parse("169.254.169.254"),
        IPAddress.Parse("169.254.170.2"),
        IPAddress.Parse("169.254.169.253"),
        IPAddress.Parse("100.100.100.200"),
        IPAddress.Parse("fd00:ec2::254"),
    ];

    /// <summary>Null for a public address, else the name of its range.</summary>
    public static string? Kind(IPAddress address)
    {
        var plain = Plain(address);
        foreach (var (network, name) in Special)
        {
            if (network.BaseAddress.AddressFamily == plain.AddressFamily && network.Contains(plain))
                return IsMetadata(plain) ? "metadata" : name;
        }

        return plain.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(plain)
            ? "not global unicast"
            : null;
    }

    public static bool IsMetadata(IPAddress address) => Metadata.Contains(Plain(address));

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
