using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vault.Host.Tests.Cluster;

/// <summary>
/// A certificate authority of a cluster and certificates of its silos, as an operator makes them with openssl, in
/// files.
/// </summary>
internal sealed class ClusterCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _folder;
    private int _count;

    public ClusterCertificates(string folder)
    {
        _folder = Directory.CreateDirectory(Path.Combine(folder, "tls-" + Guid.NewGuid().ToString("N"))).FullName;
        _authority = AuthorityRequest("CN=cluster authority", _authorityKey)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(10));
        AuthorityFile = Path.Combine(_folder, "ca.pem");
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem() + "\n");
    }

    public string AuthorityFile { get; }

    /// <summary>Options of a silo with a certificate of its own.</summary>
    /// <param name="name">The DNS name in the certificate.</param>
    /// <param name="authority">The file with the authorities that the silo trusts, when it is another.</param>
    /// <param name="intermediate">
    /// Whether another authority, signed by the cluster's, signs the certificate; its own is in the silo's file too.
    /// </param>
    public string[] Options(string name = "vault-cluster", string? authority = null, bool intermediate = false)
    {
        var file = Path.Combine(_folder, $"silo{++_count}");
        var (certificate, key) = Issue(name, intermediate);
        File.WriteAllText(file + ".pem", certificate);
        File.WriteAllText(file + ".key", key);
        return
        [
            "--cluster-certificate",
            file + ".pem",
            "--cluster-certificate-key",
            file + ".key",
            "--cluster-ca",
            authority ?? AuthorityFile,
        ];
    }

    /// <summary>A new certificate (and what is to be sent with it) and its key, as PEM.</summary>
    public (string Certificate, string Key) Issue(string name = "vault-cluster", bool intermediate = false)
    {
        if (!intermediate)
            return Issue(_authority, name);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (request, now) = (AuthorityRequest("CN=between", key), DateTimeOffset.UtcNow);
        using var between = request.Create(_authority, now.AddHours(-1), now.AddDays(2), Serial());
        using var signer = between.CopyWithPrivateKey(key);
        var (certificate, own) = Issue(signer, name);
        return (certificate + between.ExportCertificatePem() + "\n", own);
    }

    private static (string Certificate, string Key) Issue(X509Certificate2 signer, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        OidCollection both = [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(both, false));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(signer, now.AddHours(-1), now.AddDays(1), Serial());
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }

    private static byte[] Serial() => Guid.NewGuid().ToByteArray();

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
    }
}
