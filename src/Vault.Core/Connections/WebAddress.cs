namespace Vault.Core.Connections;

/// <summary>The rules for URLs to which a browser is redirected.</summary>
public static class WebAddress
{
    public const int MaxLength = 2048;

    /// <summary>
    /// The fault of a URL; null when it is absolute https (or http on loopback in development) without user info and
    /// fragment.
    /// </summary>
    public static string? Fault(string? text, bool development)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
            return $"give an absolute URL of at most {MaxLength} characters";
        // Browsers read '\' as '/' and remove white space and control characters, so they could open another URL than
        // the one that was compared.
        if (text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c == '\\'))
            return "has a space, a control character or a backslash";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
            return "is not an absolute URL";
        if (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback && development))
            return development
                ? "must start with https:// (http:// is allowed on loopback only)"
                : "must start with https://";
        if (uri.UserInfo.Length > 0)
            return "must not contain a user name";
        return text.Contains('#', StringComparison.Ordinal) ? "must not have a fragment" : null;
    }

    /// <summary>
    /// Whether a return URL is registered: compared exactly up to the query. A registered URL with a query must match
    /// as a whole.
    /// </summary>
    public static bool IsRegistered(string url, IEnumerable<string> registered)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(registered);
        var query = url.IndexOf('?', StringComparison.Ordinal);
        var bare = query < 0 ? url : url[..query];
        return registered.Any(entry => entry == (entry.Contains('?', StringComparison.Ordinal) ? url : bare));
    }

    /// <summary>
    /// Whether an unregistered issuer can belong to the provider at <paramref name="host"/>: its host ends in the same
    /// two labels. RFC 9207 2.4 leaves this to policy. Rejecting every such issuer would fail when a provider starts to
    /// send one; accepting every one would allow a mix-up of two providers.
    /// </summary>
    public static bool IsOfSameOwner(string issuer, string host) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var uri)
        && string.Equals(Owner(uri.Host), Owner(host), StringComparison.OrdinalIgnoreCase);

    private static string Owner(string host) =>
        Uri.CheckHostName(host) == UriHostNameType.Dns
            ? string.Join('.', host.Split('.')[^Math.Min(2, host.Split('.').Length)..])
            : host;

    /// <summary>Adds escaped query parameters; parameters without a value are omitted.</summary>
    public static string With(string url, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        ArgumentNullException.ThrowIfNull(url);
        var text = new System.Text.StringBuilder(url);
        var separator = url.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (var (name, value) in parameters)
        {
            if (value is null)
                continue;
            text.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }

        return text.ToString();
    }
}
