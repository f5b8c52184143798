namespace Vault.Providers.Egress;

/// <summary>What an operator allows in addition to the public Internet on port 443.</summary>
public sealed class EgressOptions
{
    /// <summary>
    /// Hosts (<c>git.corp.example</c>, <c>git.corp.example:8443</c>), addresses and networks (<c>10.20.0.0/16</c>,
    /// <c>[fd00::5]:8443</c>) that may be called although they are private addresses or resolve to them. A host without
    /// a port is allowed on 443. A pack must still name the host. Metadata addresses (such as 169.254.169.254) are
    /// allowed only if listed as exactly that address.
    /// </summary>
    public IList<string> Allow { get; } = [];

    /// <summary>
    /// Development only: hosts written as loopback (localhost, 127.0.0.1, ::1) may be called on any port, also over
    /// http. In production it would open every service of this machine to a wrong pack.
    /// </summary>
    public bool AllowLoopback { get; set; }

    /// <summary>
    /// The proxy for https, for example <c>http://proxy.corp.example:3128</c>; null for none. A name and a password may
    /// stand in it. A pack's hosts are pinned as without a proxy.
    /// </summary>
    public string? HttpsProxy { get; set; }

    /// <summary>The proxy for http, which only development uses; null for none.</summary>
    public string? HttpProxy { get; set; }

    /// <summary>What is called without the proxy, in the forms of <c>NO_PROXY</c>.</summary>
    public IList<string> NoProxy { get; } = [];

    /// <summary>Certificate authorities in PEM form that are trusted in addition to those of the system; null for
    /// none.</summary>
    public string? AuthoritiesPem { get; set; }

    /// <summary>Timeout for establishing a connection.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum concurrent connections to one host and port, per process.</summary>
    public int MaxConnectionsPerHost { get; set; } = 256;
}
