using System.Net;

namespace Vault.Host.Options;

/// <summary>The role of a silo in its cluster.</summary>
[Flags]
public enum SiloRole
{
    /// <summary>Owns accounts, organizations and refresh shards; over HTTP it serves only its health routes.</summary>
    Worker = 1,

    /// <summary>Serves HTTP and owns no grains.</summary>
    Gateway = 2,

    Both = Worker | Gateway,
}

/// <summary>
/// The options of the silo in every host. On SQLite it is single and opens no port; on PostgreSQL it is a member of a
/// cluster of one or more.
/// </summary>
public sealed record SiloSettings
{
    public static readonly IReadOnlyList<OptionDefinition> Known =
    [
        new("cluster", "vault", "Name of the cluster; silos with the same name and database form one cluster."),
        new("role", "both", "both, gateway (HTTP only) or worker (accounts only)."),
        new(
            "silo-address",
            "127.0.0.1",
            "IP address at which the other silos reach this one; in Kubernetes the pod's."
        ),
        new("silo-port", "11111", "Port for the other silos."),
        new("client-port", "0", "Port for Orleans clients inside the cluster's network; 0: none."),
        new(
            "cluster-certificate",
            "",
            "PEM file with this silo's certificate and its chain, for TLS between silos; reloaded when it changes."
        ),
        new("cluster-certificate-key", "", "PEM file with the certificate's private key."),
        new(
            "cluster-ca",
            "",
            "PEM file with the cluster's own certificate authority; only its certificates are accepted."
        ),
        new("cluster-certificate-name", "vault-cluster", "DNS name in every silo's certificate."),
        new("refresh-shards", "256", "Shards of the due index, each swept by one silo; the same on every silo."),
    ];

    public required string Cluster { get; init; }

    public SiloRole Role { get; init; }

    /// <summary>The role as written in the options.</summary>
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

    /// <summary>Reads the silo's options; the source collects the faults.</summary>
    public static SiloSettings Read(OptionSource from, bool postgres)
    {
        ArgumentNullException.ThrowIfNull(from);
        var role = from.OneOf("role", "both", "gateway", "worker") switch
        {
            "gateway" => SiloRole.Gateway,
            "worker" => SiloRole.Worker,
            _ => SiloRole.Both,
        };
        var settings = new SiloSettings
        {
            Cluster = from.Text("cluster"),
            Role = role,
            Address = Reachable(from),
            Port = from.Number("silo-port", 1, 65_535),
            ClientPort = from.Number("client-port", 0, 65_535),
            Certificate = from.Optional("cluster-certificate"),
            CertificateKey = from.Optional("cluster-certificate-key"),
            Authority = from.Optional("cluster-ca"),
            CertificateName = from.Text("cluster-certificate-name"),

            // A single silo sweeps the whole due index in one query.
            Shards = postgres ? from.Number("refresh-shards", 1, 65_536) : 1,
        };
        if (postgres)
            settings.CheckMember(from);
        else
            settings.CheckAlone(from);
        return settings;
    }

    private static IPAddress Reachable(OptionSource from)
    {
        var text = from.Text("silo-address");
        return
            IPAddress.TryParse(text, out var address)
            && !address.Equals(IPAddress.Any)
            && !address.Equals(IPAddress.IPv6Any)
            ? address
            : from.Fault(
                "silo-address",
                $"'{text}' is not an IP address that other silos can reach.",
                IPAddress.Loopback
            );
    }

    private void CheckAlone(OptionSource from)
    {
        if (Role != SiloRole.Both)
            from.Fault(
                "role",
                "must be both on SQLite, which has one silo; set VAULT_STORE=postgres for a cluster.",
                0
            );
        foreach (var option in Known.Where(o => o.Name != "role" && from.IsSet(o.Name)))
            from.Fault(
                option.Name,
                "applies to a cluster; on SQLite there is one silo, and it opens no cluster port. Set "
                    + "VAULT_STORE=postgres or remove it.",
                0
            );
    }

    private void CheckMember(OptionSource from)
    {
        (string Option, string? File)[] files =
        [
            ("cluster-certificate", Certificate),
            ("cluster-certificate-key", CertificateKey),
            ("cluster-ca", Authority),
        ];
        foreach (var (option, file) in files)
        {
            if (file is null && files.Any(f => f.File is not null))
                from.Fault(
                    option,
                    "is required together with the other two of cluster-certificate, cluster-certificate-key and "
                        + "cluster-ca.",
                    0
                );
            else if (file is not null && !File.Exists(file))
                from.Fault(option, $"there is no file '{file}'.", 0);
        }

        if (!Tls && !IPAddress.IsLoopback(Address))
        {
            from.Fault(
                "cluster-certificate",
                $"is required with the silo address {Address}: beyond loopback, silos use mutual TLS. "
                    + "silo-config/README.md shows how to create the certificates.",
                0
            );
        }
    }
}
