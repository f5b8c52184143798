using System.Collections.Immutable;
using System.Net;

namespace Vault.Core.Templates;

/// <summary>
/// The rules for the pinned hosts of a pack (law 10). Names are compared in lower-case ASCII. <c>*.example.com</c>
/// covers every name below example.com, but not example.com.
/// </summary>
public static class HostRules
{
    /// <summary>The fault of a host entry in a pack; null when it is valid.</summary>
    public static string? Fault(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host;
        if (name.Contains('*', StringComparison.Ordinal))
            return "has a '*' that is not its first label";
        if (name.Any(char.IsUpper))
            return "is not in lower case";
        if (name.Contains("://", StringComparison.Ordinal) || name.Contains('/', StringComparison.Ordinal))
            return "is a URL; give the host only";
        if (IPAddress.TryParse(name, out _))
            return host == name ? null : "has a '*' before an address";
        if (name.Contains(':', StringComparison.Ordinal))
            return "has a port; only the operator's configuration allows ports";
        var labels = name.Split('.');
        if (!labels.All(IsLabel))
            return "is not a host name (ASCII, IDN in its xn-- form, no trailing dot)";
        if (host != name && labels.Length < 2)
            return "covers a whole top-level domain";
        return labels.Length < 2 && name != "localhost" ? "is a single label; use a full name" : null;
    }

    public static bool Covers(ImmutableArray<string> hosts, string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return hosts.Any(h =>
            h.StartsWith("*.", StringComparison.Ordinal)
                ? host.Length > h.Length - 1 && host.EndsWith(h[1..], StringComparison.Ordinal)
                : h == host
        );
    }

    /// <summary>
    /// The host of a URL in canonical form: lower-case ASCII without brackets. Null, with the reason, for a URL with
    /// user info, a trailing dot, a fragment, a scheme other than https (or http on loopback if allowed), or an IP
    /// address that is not in canonical notation.
    /// </summary>
    public static string? Canonical(Uri url, bool allowLoopbackHttp, out string fault)
    {
        ArgumentNullException.ThrowIfNull(url);
        fault = "";
        if (!url.IsAbsoluteUri)
            return Refuse("is not absolute", out fault);
        if (url.UserInfo.Length > 0)
            return Refuse("has user info", out fault);
        if (url.Fragment.Length > 0)
            return Refuse("has a fragment", out fault);
        var host = url.IdnHost.ToLowerInvariant().Trim('[', ']');
        if (host.Length == 0 || host.EndsWith('.'))
            return Refuse("has an empty host or one with a trailing dot", out fault);
        if (host.Contains('%', StringComparison.Ordinal))
            return Refuse("has a scoped or escaped host", out fault);
        // .NET parses 0x7f.1, 2130706433 and 0177.0.0.1 as 127.0.0.1. So the original text must already have the
        // canonical form.
        if (
            url.HostNameType == UriHostNameType.IPv4
            && !url.OriginalString.Contains("//" + host, StringComparison.Ordinal)
        )
            return Refuse("has an IPv4 address that is not in dotted decimal notation", out fault);
        if (url.Scheme == Uri.UriSchemeHttps)
            return host;
        if (url.Scheme == Uri.UriSchemeHttp && allowLoopbackHttp && IsLoopbackName(host))
            return host;
        return Refuse(
            url.Scheme == Uri.UriSchemeHttp
                ? "is http; only https is allowed (http on loopback in development only)"
                : $"has the scheme {url.Scheme}",
            out fault
        );
    }

    public static bool IsLoopbackName(string host) =>
        host == "localhost"
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address) && !address.IsIPv4MappedToIPv6);

    private static bool IsLabel(string label) =>
        label is { Length: > 0 and <= 63 }
        && label[0] != '-'
        && label[^1] != '-'
        && label.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-');

    private static string? Refuse(string reason, out string fault)
    {
        fault = reason;
        return null;
    }
}
