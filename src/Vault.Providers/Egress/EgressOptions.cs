namespace Vault.Providers.Egress;

/// <summary>What an operator opens beyond the public Internet on port 443.</summary>
public sealed class EgressOptions
{
    /// <summary>
    /// Hosts (<c>git.corp.example</c>, <c>git.corp.example:8443</c>), addresses and networks (<c>10.20.0.0/16</c>,
    /// <c>[fd00::5]:8443</c>) that may be called although they resolve to, or are, private addresses. A host without a
    /// port is allowed on 443. A pack must still name the host. Metadata addresses (169.254.169.254 and the like) are
    /// allowed only when listed as exactly that address.
    /// </summary>
    public IList<string> Allow { get; } = [];

    /// <summary>
    /// Development only: hosts written as loopback (localhost, 127.0.0.1, ::1) may be called on any port, also by http.
    /// Left on in production it opens every service of this machine to a wrong pack.
    /// </summary>
    public bool AllowLoopback { get; set; }

    /// <summary>How long making a connection may take.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections to one host and port at a time, per process.</summary>
    public int MaxConnectionsPerHost { get; set; } = 256;
}
