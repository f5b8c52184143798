using System.Globalization;
using System.Net;

namespace Vault.Providers.Egress;

/// <summary>
/// Which calls go through the operator's proxy. The hosts of a pack are pinned as without one: a call to another host
/// is
/// refused before it reaches the proxy, and a tunnel is opened by the host name (CONNECT), whose certificate is
/// checked.
/// Only the operator's own proxy resolves the name.
/// </summary>
internal sealed class EgressProxy : IWebProxy
{
    private static readonly string[] Schemes = ["http", "https", "socks4", "socks4a", "socks5"];

    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly IReadOnlyList<string> _direct;

    private EgressProxy(Uri? http, Uri? https, IReadOnlyList<string> direct) =>
        (_http, _https, _direct) = (http, https, direct);

    /// <summary>Of the proxy, from its URL. The framework asks for it after a challenge (407).</summary>
    public ICredentials? Credentials { get; set; }

    /// <summary>Null when no proxy is set. Invalid URLs are added to <paramref name="faults"/>.</summary>
    public static EgressProxy? Of(EgressOptions options, ICollection<string> faults)
    {
        ArgumentNullException.ThrowIfNull(options);
        var credentials = new CredentialCache();
        var (http, https) = (Parse(options.HttpProxy), Parse(options.HttpsProxy));
        return http is null && https is null
            ? null
            : new EgressProxy(http, https, [.. options.NoProxy.Select(e => e.Trim()).Where(e => e.Length > 0)])
            {
                Credentials = credentials,
            };

        Uri? Parse(string? text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return null;
            text = text.Trim();
            if (!text.Contains("://", StringComparison.Ordinal))
                text = "http://" + text;
            if (
                !Uri.TryCreate(text, UriKind.Absolute, out var uri)
                || !Schemes.Contains(uri.Scheme)
                || uri.Host.Length == 0
                || uri.PathAndQuery is not ("/" or "")
            )
            {
                // The text may have a password, so it is not repeated.
                const string Fault = "the proxy is not a URL such as http://proxy.example.com:3128";
                if (!faults.Contains(Fault))
                    faults.Add(Fault);
                return null;
            }

            if (uri.UserInfo.Length == 0)
                return uri;
            var (user, password) = uri.UserInfo.IndexOf(':', StringComparison.Ordinal) is var at and >= 0
                ? (uri.UserInfo[..at], uri.UserInfo[(at + 1)..])
                : (uri.UserInfo, "");
            var plain = new UriBuilder(uri) { UserName = "", Password = "" }.Uri;
            var credential = new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password));
            foreach (var scheme in new[] { "Basic", "Digest" })
                if (credentials.GetCredential(plain, scheme) is null)
                    credentials.Add(plain, scheme, credential);
            return plain;
        }
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : For(destination);

    public bool IsBypassed(Uri host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return For(host) is null || _direct.Any(entry => Matches(entry, host));
    }

    private Uri? For(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

    /// <summary>
    /// The forms that are in use in NO_PROXY: *, a name (also of everything below it, with or without a leading dot or
    /// *.), an address, a network, each with or without a port.
    /// </summary>
    private static bool Matches(string entry, Uri uri)
    {
        if (entry == "*")
            return true;
        var host = uri.IdnHost.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        if (entry.Contains('/', StringComparison.Ordinal))
            return IPNetwork.TryParse(entry, out var network)
                && IPAddress.TryParse(host, out var address)
                && network.BaseAddress.AddressFamily == address.AddressFamily
                && network.Contains(address);
        var colon = entry.LastIndexOf(':');
        if (
            colon > 0
            && (entry[colon - 1] == ']' || entry.IndexOf(':', StringComparison.Ordinal) == colon)
            && int.TryParse(entry[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        )
        {
            if (port != uri.Port)
                return false;
            entry = entry[..colon];
        }

        var name = entry.Trim('[', ']').TrimStart('*').Trim('.').ToLowerInvariant();
        return host == name || (name.Length > 0 && host.EndsWith("." + name, StringComparison.Ordinal));
    }
}
