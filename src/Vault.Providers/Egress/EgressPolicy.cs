using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Egress;

/// <summary>The parsed options: which host, port and address may be called (law 10).</summary>
public sealed class EgressPolicy
{
    private const int MaxOrigins = 10_000;
    private readonly ImmutableHashSet<(string Host, int Port)> _hosts;
    private readonly ImmutableArray<(IPNetwork Network, int? Port)> _networks;
    private readonly bool _loopback;
    private readonly ConditionalWeakTable<ProviderPack, ConcurrentDictionary<string, string?>> _refusals = [];

    private EgressPolicy(
        ImmutableHashSet<(string Host, int Port)> hosts,
        ImmutableArray<(IPNetwork Network, int? Port)> networks,
        bool loopback
    ) => (_hosts, _networks, _loopback) = (hosts, networks, loopback);

    /// <summary>Whether http on loopback is allowed (development).</summary>
    public bool AllowsLoopback => _loopback;

    /// <summary>Parses the options; every invalid entry is in <paramref name="faults"/>.</summary>
    public static EgressPolicy Create(EgressOptions options, out ImmutableArray<string> faults)
    {
        ArgumentNullException.ThrowIfNull(options);
        var hosts = ImmutableHashSet.CreateBuilder<(string, int)>();
        var networks = ImmutableArray.CreateBuilder<(IPNetwork, int?)>();
        var wrong = ImmutableArray.CreateBuilder<string>();
        foreach (var entry in options.Allow)
        {
            var (host, port) = Split(entry.Trim());
            if (port is < 1 or > 65535)
                wrong.Add($"egress.allow '{entry}': the port must be from 1 to 65535");
            else if (IPAddress.TryParse(host, out var address))
                networks.Add((new IPNetwork(address, address.GetAddressBytes().Length * 8), port));
            else if (host.Contains('/', StringComparison.Ordinal))
            {
                // Bits beyond the prefix are usually a typo, and some parsers drop them silently.
                if (
                    IPNetwork.TryParse(host, out var network)
                    && IPAddress.TryParse(host[..host.IndexOf('/', StringComparison.Ordinal)], out var written)
                    && network.BaseAddress.Equals(written)
                )
                    networks.Add((network, port));
                else
                    wrong.Add(
                        $"egress.allow '{entry}': not a network; write it like 10.20.0.0/16, without bits beyond "
                            + "the prefix"
                    );
            }
            else if (HostRules.Fault(host) is { } fault)
                wrong.Add($"egress.allow '{entry}': {fault}");
            else if (host.StartsWith('*'))
                wrong.Add($"egress.allow '{entry}': name each host; wildcards are not supported");
            else
                hosts.Add((host, port ?? 443));
        }

        if (options.ConnectTimeout <= TimeSpan.Zero)
            wrong.Add("egress.connect_timeout must be above zero");
        if (options.MaxConnectionsPerHost < 1)
            wrong.Add("egress.max_connections_per_host must be at least 1");
        EgressProxy.Of(options, wrong);
        if (options.AuthoritiesPem is { } pem && CompanyAuthorities.Read(pem, out var unread) is null)
            wrong.Add("the file of certificate authorities " + unread);
        faults = wrong.ToImmutable();
        return new EgressPolicy(hosts.ToImmutable(), networks.ToImmutable(), options.AllowLoopback);
    }

    /// <summary>
    /// Why a URL may not be called with a pack; null if it may. The resolved addresses are checked when the connection
    /// is made.
    /// </summary>
    public string? Refusal(ProviderPack pack, Uri url)
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(url);
        // Cacheable: the result depends only on the pack, the origin as written (scheme, user info, host, port) and the
        // fragment, and this policy never changes.
        if (url.Fragment.Length > 0 || !url.IsAbsoluteUri || OriginLength(url) is not (var length and > 0))
            return Evaluate(pack, url);
        var origin = url.OriginalString.AsSpan(0, length);
        var refusals = _refusals.GetValue(pack, static _ => new(StringComparer.Ordinal));
        var byOrigin = refusals.GetAlternateLookup<ReadOnlySpan<char>>();
        if (byOrigin.TryGetValue(origin, out var known))
            return known;
        var verdict = Evaluate(pack, url);
        // There may be as many origins as customers' instances: beyond the limit, clear the cache.
        if (refusals.Count >= MaxOrigins)
            refusals.Clear();
        byOrigin[origin] = verdict;
        return verdict;
    }

    // The origin as written: everything after scheme and "//" up to '/', '?', '#' or '\\'.
    private static int OriginLength(Uri uri)
    {
        var url = uri.OriginalString;
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        // The text does not begin with the scheme: the URL was created relative to another, so its text does not
        // contain the origin.
        if (scheme != uri.Scheme.Length || !url.StartsWith(uri.Scheme, StringComparison.OrdinalIgnoreCase))
            return 0;
        var end = url.AsSpan(scheme + 3).IndexOfAny("/?#\\");
        return end < 0 ? url.Length : scheme + 3 + end;
    }

    /// <summary>
    /// Why a file may not be fetched, without a credential, from the hosts that a pack names for files; null if it may.
    /// </summary>
    public string? FileRefusal(ProviderPack pack, Uri url)
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(url);
        return Evaluate(pack, url, pack.FileHosts);
    }

    private string? Evaluate(ProviderPack pack, Uri url) => Evaluate(pack, url, pack.Hosts);

    private string? Evaluate(ProviderPack pack, Uri url, ImmutableArray<string> hosts)
    {
        var host = HostRules.Canonical(url, _loopback && pack.DevelopmentOnly, out var fault);
        if (host is null)
            return "the URL " + fault;
        if (!HostRules.Covers(hosts, host))
            return $"the host {host} is not one of the hosts that {pack.Id} may call";
        // A literal address is checked now; a name is checked after its resolution.
        if (IPAddress.TryParse(host, out var literal) && Refusal(host, url.Port, literal) is { } refusal)
            return $"{host} may not be called: {refusal}";
        return AllowsPort(host, url.Port)
            ? null
            : $"port {url.Port.ToString(CultureInfo.InvariantCulture)} of {host} is not allowed; only 443 is, "
                + "unless the operator lists host:port";
    }

    /// <summary>Why a resolved address may not be connected to; null if it may.</summary>
    public string? Refusal(string host, int port, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(address);
        var plain = AddressRules.Plain(address);
        // Only a host written as loopback may be loopback: a public name that resolves to 127.0.0.1 is an attack in
        // development too.
        if (_loopback && HostRules.IsLoopbackName(host) && IPAddress.IsLoopback(plain))
            return null;
        if (!AllowsPort(host, port))
            return "the port is not allowed";
        if (AddressRules.Kind(address) is not { } kind)
            return null;
        if (AddressRules.IsMetadata(plain))
            return _networks.Any(n => n.Network.BaseAddress.Equals(plain) && IsSingle(n.Network))
                ? null
                : "it resolves to a metadata address";
        if (
            _hosts.Contains((host, port))
            || _networks.Any(n =>
                n.Network.BaseAddress.AddressFamily == plain.AddressFamily
                && n.Network.Contains(plain)
                && (n.Port is null || n.Port == port)
            )
        )
            return null;
        return $"it resolves to an address that is {kind}";
    }

    private bool AllowsPort(string host, int port) =>
        port == 443
        || _hosts.Contains((host, port))
        || (_loopback && HostRules.IsLoopbackName(host))
        || (
            IPAddress.TryParse(host, out var address)
            && _networks.Any(n =>
                n.Port == port
                && n.Network.BaseAddress.AddressFamily == address.AddressFamily
                && n.Network.Contains(address)
            )
        );

    private static bool IsSingle(IPNetwork network) =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8;

    private static (string Host, int? Port) Split(string entry)
    {
        if (entry.StartsWith('['))
        {
            var close = entry.IndexOf(']', StringComparison.Ordinal);
            if (close > 0)
                return (entry[1..close], close + 1 < entry.Length ? Port(entry[(close + 2)..]) : null);
        }

        var colon = entry.LastIndexOf(':');
        return colon > 0 && entry.IndexOf(':', StringComparison.Ordinal) == colon
            ? (entry[..colon], Port(entry[(colon + 1)..]))
            : (entry, null);
    }

    private static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0;
}
