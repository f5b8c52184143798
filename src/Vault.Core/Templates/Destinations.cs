using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Templates;

/// <summary>
/// The origins (scheme, host, port; RFC 6454) that a credential may be sent to (law 10). Sorted and without duplicates,
/// so equal sets have equal bytes and equal digests.
/// </summary>
public sealed class Destinations : IEquatable<Destinations>
{
    private readonly ImmutableArray<string> _origins;

    private Destinations(IEnumerable<string> origins)
    {
        _origins = [.. origins.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        // An origin contains no line break, so different sets never have the same bytes.
        Bytes = Encoding.UTF8.GetBytes(string.Join('\n', _origins));
    }

    public IReadOnlyList<string> Origins => _origins;

    /// <summary>The stored form: the origins in order, one a line.</summary>
    internal ReadOnlyMemory<byte> Bytes { get; }

    public static Destinations Of(IEnumerable<string> origins)
    {
        ArgumentNullException.ThrowIfNull(origins);
        return new Destinations(origins);
    }

    internal static Destinations Read(ReadOnlySpan<byte> bytes) =>
        new(Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>SHA-256 of the stored form, for the associated data.</summary>
    internal static byte[] DigestOf(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes);

    /// <summary>The origin of an absolute URL; the port only where it is not the scheme's default.</summary>
    public static string OriginOf(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var origin = url.Scheme + "://" + HostOf(url).ToLowerInvariant();
        return url.IsDefaultPort ? origin : origin + ":" + url.Port.ToString(CultureInfo.InvariantCulture);
    }

    public bool Covers(string origin) => _origins.Contains(origin);

    public bool Covers(Destinations other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other._origins.All(Covers);
    }

    /// <summary>Whether the URL's origin is in the set. Compares in place: it is called for every request.</summary>
    public bool Covers(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        foreach (var origin in _origins)
            if (IsOriginOf(origin, url))
                return true;
        return false;
    }

    public bool Equals(Destinations? other) => other is not null && _origins.SequenceEqual(other._origins);

    public override bool Equals(object? obj) => Equals(obj as Destinations);

    public override int GetHashCode() => _origins.Length == 0 ? 0 : StringComparer.Ordinal.GetHashCode(_origins[0]);

    public override string ToString() => _origins.Length == 0 ? "no address" : string.Join(", ", _origins);

    private static bool IsOriginOf(string origin, Uri url)
    {
        var rest = origin.AsSpan();
        if (!rest.StartsWith(url.Scheme, StringComparison.Ordinal))
            return false;
        rest = rest[url.Scheme.Length..];
        if (!rest.StartsWith("://", StringComparison.Ordinal))
            return false;
        rest = rest[3..];
        var host = HostOf(url);
        if (!rest.StartsWith(host, StringComparison.OrdinalIgnoreCase))
            return false;
        rest = rest[host.Length..];
        return url.IsDefaultPort
            ? rest.IsEmpty
            : rest is [':', .. var port]
                && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number == url.Port;
    }

    // With brackets for IPv6, so that its colons are not read as a port.
    private static string HostOf(Uri url) => url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost;
}
