using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Vault.Core.Ledger;

namespace Vault.Core.Callers;

/// <summary>What one network sent in vain within a minute.</summary>
/// <param name="KeyIds">The first few key ids that were tried; an id is no secret.</param>
public sealed record FailedNetwork(string Network, long Count, ImmutableArray<string> KeyIds);

/// <summary>
/// Counts failed authentications by network and writes them into the platform's ledger, one entry per network and
/// minute. A network that has failed lately pays for its next attempt before anything is looked up.
/// </summary>
public sealed class FailedAuthentications(PlatformLedger ledger, TimeProvider time) : IAsyncDisposable
{
    private const int MaxNetworks = 10_000;
    private const int MaxIds = 5;

    // One entry counts all networks beyond these: an attacker with many networks does not fill the ledger either.
    private const int MaxEntries = 100;

    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<string, Seen> _networks = new(StringComparer.Ordinal);

    /// <summary>
    /// The network of an address: the address itself in IPv4, its /64 in IPv6, which is what one customer of a provider
    /// has.
    /// </summary>
    public static string NetworkOf(IPAddress? address)
    {
        if (address is null)
            return "unknown";
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4().ToString();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes) + "/64";
    }

    /// <summary>
    /// Whether the network has failed within the last minutes. While too many networks have, every one counts as such.
    /// </summary>
    public bool FailedLately(string network) =>
        _networks.TryGetValue(network, out var seen)
            ? time.GetUtcNow() - seen.Last < Remembered
            : _networks.Count >= MaxNetworks;

    public void Note(string network, string? keyId)
    {
        var now = time.GetUtcNow();
        if (!_networks.ContainsKey(network) && _networks.Count >= MaxNetworks)
            network = "other";
        var seen = _networks.GetOrAdd(network, static _ => new Seen());
        lock (seen)
        {
            seen.Last = now;
            seen.Count++;
            if (keyId is not null && seen.KeyIds.Count < MaxIds)
                seen.KeyIds.Add(keyId);
        }
    }

    /// <summary>Writes what was counted since the last call, and returns it for the log.</summary>
    public async Task<IReadOnlyList<FailedNetwork>> FlushAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var counted = new List<FailedNetwork>();
        foreach (var (network, seen) in _networks)
        {
            lock (seen)
            {
                if (seen.Count > 0)
                    counted.Add(new FailedNetwork(network, seen.Count, [.. seen.KeyIds]));
                else if (now - seen.Last >= Remembered)
                    _networks.TryRemove(new KeyValuePair<string, Seen>(network, seen));
                seen.Count = 0;
                seen.KeyIds.Clear();
            }
        }

        counted.Sort((a, b) => b.Count.CompareTo(a.Count));
        foreach (var network in counted.Take(MaxEntries))
            await ledger
                .RecordAsync(
                    LedgerEvents.AuthenticationFailed,
                    "anonymous",
                    new
                    {
                        network = network.Network,
                        count = network.Count,
                        key_ids = network.KeyIds,
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        if (counted.Count > MaxEntries)
            await ledger
                .RecordAsync(
                    LedgerEvents.AuthenticationFailed,
                    "anonymous",
                    new { networks = counted.Count - MaxEntries, count = counted.Skip(MaxEntries).Sum(n => n.Count) },
                    cancellationToken
                )
                .ConfigureAwait(false);
        return counted;
    }

    public async ValueTask DisposeAsync() => await FlushAsync(CancellationToken.None).ConfigureAwait(false);

    private sealed class Seen
    {
        public DateTimeOffset Last { get; set; }

        public long Count { get; set; }

        public HashSet<string> KeyIds { get; } = new(StringComparer.Ordinal);
    }
}
