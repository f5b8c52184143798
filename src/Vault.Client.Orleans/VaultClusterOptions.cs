namespace Vault.Client.Cluster;

/// <summary>
/// How to reach the cluster, and the API key. Not a record, so that ToString does not print the key or the connection
/// string.
/// </summary>
public sealed class VaultClusterOptions
{
    /// <summary>The silos' <c>VAULT_CLUSTER</c>.</summary>
    public string Cluster { get; init; } = "vault";

    /// <summary>
    /// The silos' PostgreSQL database, in which the client finds them; silo-config/README.md lists the rights of a
    /// separate login.
    /// </summary>
    public required string Database { get; init; }

    /// <summary><c>vk_live_…</c></summary>
    public required string ApiKey { get; init; }

    /// <summary><c>org_…</c>; optional with a key that is bound to an organization.</summary>
    public string? OrganizationId { get; init; }

    /// <summary>
    /// PEM file of a certificate signed by the cluster's authority. Set it with <see cref="CertificateKey"/> and
    /// <see cref="Authority"/>; set none of them in development.
    /// </summary>
    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    public string? Authority { get; init; }

    /// <summary>The DNS name in every certificate of the cluster.</summary>
    public string CertificateName { get; init; } = "vault-cluster";

    internal string? Fault =>
        string.IsNullOrWhiteSpace(Cluster) ? "Cluster is the silos' VAULT_CLUSTER"
        : string.IsNullOrWhiteSpace(Database) ? "Database is the connection string of the silos' PostgreSQL"
        : new[] { Certificate, CertificateKey, Authority }.Count(f => f is not null) is not (0 or 3)
            ? "Certificate, CertificateKey and Authority belong together"
        : new[] { Certificate, CertificateKey, Authority }.FirstOrDefault(f => f is not null && !File.Exists(f))
            is { } missing
            ? $"there is no file '{missing}'"
        : null;
}
