using System.Net;
using Vault.Host.Setup;

namespace Vault.Silo.Setup;

/// <summary>What a silo does for its cluster.</summary>
[Flags]
public enum SiloRole
{
    /// <summary>Owns accounts, organizations and refresh shards; over HTTP it answers for its health only.</summary>
    Worker = 1,

    /// <summary>Answers HTTP and owns nothing.</summary>
    Gateway = 2,

    Both = Worker | Gateway,
}

/// <summary>What an operator sets for a silo, besides everything that the embedded host knows.</summary>
public sealed record SiloSettings
{
    public static readonly IReadOnlyList<OptionDefinition> Known =
    [
        new("cluster", "vault", "Name of the cluster; silos of one name on one database are one cluster."),
        new("role", "both", "both, gateway (HTTP only) or worker (accounts only)."),
        new("silo-address", "127.0.0.1", "IP address under which the other silos reach this one; in Kubernetes the pod's."),
        new("silo-port", "11111", "Port for the other silos."),
        new("client-port", "0", "Port for Orleans clients inside the cluster's network; 0: none."),
        new("cluster-certificate", "", "PEM file with this silo's certificate and its chain, for TLS between silos; read again when it changes."),
        new("cluster-certificate-key", "", "PEM file with the certificate's private key."),
        new("cluster-ca", "", "PEM file with the cluster's own certificate authority; nobody else's certificates are accepted."),
        new("cluster-certificate-name", "vault-cluster", "DNS name that every silo's certificate carries."),
        new("refresh-shards", "256", "Shards of the due index, each swept by one silo; the same on every silo."),
    ];

    // A drained silo finishes what it runs, so it may take as long as the longest execution; and silos share one PostgreSQL.
    private static readonly Dictionary<string, string> OtherDefaults = new() { ["store"] = "postgres", ["shutdown-timeout-ms"] = "150000" };

    /// <summary>All options of a silo.</summary>
    public static IReadOnlyList<OptionDefinition> All { get; } =
        [.. VaultOptions.Known.Select(o => OtherDefaults.TryGetValue(o.Name, out var other) ? o with { Default = other } : o), .. Known];

    public required VaultOptions Vault { get; init; }

    public required string Cluster { get; init; }

    public SiloRole Role { get; init; }

    /// <summary>The role as the options say it.</summary>
    public string RoleName => Role.ToString().ToLowerInvariant();

    public required IPAddress Address { get; init; }

    public int Port { get; init; }

    public int ClientPort { get; init; }

    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    public string? Authority { get; init; }

    public required string CertificateName { get; init; }

    public int Shards { get; init; }

    public bool Tls => Certificate is not null;

    /// <summary>The options, or every fault.</summary>
    public static (SiloSettings? Options, IReadOnlyList<string> Faults) Read(IReadOnlyList<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var from = new OptionSource(All, arguments, environment, VaultOptions.ScriptVariables);
        var options = new SiloSettings
        {
            Vault = VaultOptions.Read(from),
            Cluster = from.Text("cluster"),
            Role = from.OneOf("role", "both", "gateway", "worker") switch { "gateway" => SiloRole.Gateway, "worker" => SiloRole.Worker, _ => SiloRole.Both },
            Address = IPAddress.TryParse(from.Text("silo-address"), out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
                ? address
                : from.Fault("silo-address", $"'{from.Text("silo-address")}' is not an IP address that other silos can reach.", IPAddress.Loopback),
            Port = from.Number("silo-port", 1, 65_535),
            ClientPort = from.Number("client-port", 0, 65_535),
            Certificate = from.Optional("cluster-certificate"),
            CertificateKey = from.Optional("cluster-certificate-key"),
            Authority = from.Optional("cluster-ca"),
            CertificateName = from.Text("cluster-certificate-name"),
            Shards = from.Number("refresh-shards", 1, 65_536),
        };
        options.CheckTogether(from);
        return from.Faults.Count == 0 ? (options, []) : (null, from.Faults);
    }

    private void CheckTogether(OptionSource from)
    {
        if (!Vault.Postgres) from.Fault("store", "must be postgres: silos share one database.", 0);
        if (Vault.ShutdownTimeout <= Vault.Execution.MaximumTimeout)
            from.Fault("shutdown-timeout-ms", $"must be longer than the longest execution ({Vault.Execution.MaximumTimeout.TotalMilliseconds:0} ms), which a drained silo finishes.", 0);
        (string Option, string? File)[] files = [("cluster-certificate", Certificate), ("cluster-certificate-key", CertificateKey), ("cluster-ca", Authority)];
        foreach (var (option, file) in files)
        {
            if (file is null && files.Any(f => f.File is not null)) from.Fault(option, "is needed with the other two of cluster-certificate, cluster-certificate-key and cluster-ca.", 0);
            else if (file is not null && !File.Exists(file)) from.Fault(option, $"there is no file '{file}'.", 0);
        }

        if (!Tls && !Vault.Development) from.Fault("cluster-certificate", "is needed outside development: silos speak TLS and know each other by certificate. silo-config/README.md shows how to make them.", 0);
        if (!Tls && Vault.Development && !IPAddress.IsLoopback(Address)) from.Fault("silo-address", "must be a loopback address without TLS.", 0);
    }
}
