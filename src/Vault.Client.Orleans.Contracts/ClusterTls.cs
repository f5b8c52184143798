using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Hosting;

namespace Vault.Client.Cluster;

/// <summary>
/// Mutual TLS 1.3 for every connection of the cluster, between silos and from clients. A peer must present a
/// certificate signed by the cluster's own authority with the cluster's name in it. The authorities of the operating
/// system are not trusted.
/// </summary>
public sealed class ClusterTls(string certificateFile, string keyFile, string authorityFile, string name)
{
    private readonly Lock _lock = new();
    private Files? _files;

    internal ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>Why the files cannot be used; null when the other members will accept the certificate.</summary>
    public string? Fault()
    {
        try
        {
            Read();
            return null;
        }
        catch (Exception e) when (Unusable(e))
        {
            return "The cluster's certificates cannot be used: " + e.Message;
        }
    }

    internal void Configure(TlsOptions options)
    {
        options.SslProtocols = SslProtocols.Tls13;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (peer, shown, _) =>
            IsMember(peer, shown?.ChainPolicy.ExtraStore ?? [], Current().Authority);

        // Orleans asks for a certificate or a selector. A context replaces both for each connection, because only a
        // context includes the intermediate certificates.
        options.LocalServerCertificateSelector = (_, _) => Current().Own.TargetCertificate;
        options.OnAuthenticateAsServer = (_, server) =>
        {
            var ssl = (SslServerAuthenticationOptions)server.SslServerAuthenticationOptions;
            (ssl.ServerCertificateSelectionCallback, ssl.ServerCertificateContext) = (null, Current().Own);
        };
        options.OnAuthenticateAsClient = (_, client) =>
        {
            var ssl = (SslClientAuthenticationOptions)client.SslClientAuthenticationOptions;
            (ssl.TargetHost, ssl.ClientCertificateContext) = (name, Current().Own);
        };
    }

    // With this callback Orleans skips the framework's checks, so chain, dates and name are checked here. There is no
    // revocation list: the authority belongs to the cluster, and replacing its file revokes everything it signed. While
    // an authority is being replaced, the file contains two, possibly with the same name. The chain builder finds an
    // issuer by name and does not try the second one, so a chain is built to each authority separately.
    private bool IsMember(
        X509Certificate2 peer,
        X509Certificate2Collection intermediates,
        X509Certificate2Collection authority
    )
    {
        if (!peer.MatchesHostname(name, allowWildcards: false, allowCommonName: false))
            return false;
        X509Certificate2Collection others = [.. intermediates, .. authority.Where(c => !IsRoot(c))];
        return authority
            .Where(IsRoot)
            .Any(root =>
            {
                using var chain = new X509Chain();
                chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                chain.ChainPolicy.CustomTrustStore.Add(root);
                chain.ChainPolicy.ExtraStore.AddRange(others);
                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                chain.ChainPolicy.DisableCertificateDownloads = true;
                return chain.Build(peer);
            });
    }

    private static bool IsRoot(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    // Reloaded after a file has changed, so new connections use a renewed certificate without a restart. A renewal
    // writes the files one after another: while they do not match, the previous certificate stays in use.
    private Files Current()
    {
        lock (_lock)
        {
            if (_files is { } known && known.Written == Written())
                return known;
            try
            {
                return _files = Read();
            }
            catch (Exception e) when (_files is not null && Unusable(e))
            {
                Log.LogWarning(
                    e,
                    "The cluster's new certificate files cannot be used; the previous certificate stays in use."
                );
                return _files;
            }
        }
    }

    private Files Read()
    {
        // Read the timestamps before the files: the next connection then notices a change during the read.
        var written = Written();
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        var authority = new X509Certificate2Collection();
        authority.ImportFromPemFile(authorityFile);
        var own = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        if (!IsMember(own, chain, authority))
            throw new CryptographicException(
                "this certificate is not signed by the cluster's authority, is expired or not yet valid, or does "
                    + $"not contain the name '{name}'."
            );
        return new Files(written, SslStreamCertificateContext.Create(own, chain, offline: true), authority);
    }

    private (DateTime Certificate, DateTime Key, DateTime Authority) Written()
    {
        var (written, key) = (File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(keyFile));
        return (written, key, File.GetLastWriteTimeUtc(authorityFile));
    }

    // A key that does not match the certificate is an ArgumentException.
    private static bool Unusable(Exception e) =>
        e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException;

    private sealed record Files(
        (DateTime Certificate, DateTime Key, DateTime Authority) Written,
        SslStreamCertificateContext Own,
        X509Certificate2Collection Authority
    );
}

/// <summary>Configures Orleans' TLS with the cluster's certificates.</summary>
public static class ClusterTlsExtensions
{
    /// <summary>For connections between silos and from clients.</summary>
    public static ISiloBuilder UseClusterTls(this ISiloBuilder silo, ClusterTls tls)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(tls);
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<ILogger<ClusterTls>>((_, log) => tls.Log = log);
        return silo.UseTls(tls.Configure);
    }

    /// <summary>For a client's connections to the silos.</summary>
    public static IClientBuilder UseClusterTls(this IClientBuilder client, ClusterTls tls)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(tls);
        client.Services.AddOptions<ClientConnectionOptions>().Configure<ILogger<ClusterTls>>((_, log) => tls.Log = log);
        return client.UseTls(tls.Configure);
    }
}
