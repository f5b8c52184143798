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

    /// <summary>Timeout for establishing a connection.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum concurrent connections to one host and port, per process.</summary>
    public int MaxConnectionsPerHost { get; set; } = 256;
}
