using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace Vault.Cluster;

/// <summary>
/// TLS 1.3 with certificates on both sides for every connection of the cluster, between silos and from clients: a peer must show a certificate that the cluster's own authority signed and that carries
/// the cluster's name. The system's authorities count for nothing here. Written on the transport's own hooks, because Orleans' package for it is not published everywhere.
/// </summary>
internal sealed class ClusterTls(string certificateFile, string keyFile, string authorityFile, string name)
{
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private (DateTime Written, SslStreamCertificateContext Own, X509Certificate2Collection Authority)? _files;

    public void Listen(IConnectionBuilder connections) => connections.Use(next => context => RunAsync(context, next, server: true));

    public void Connect(IConnectionBuilder connections) => connections.Use(next => context => RunAsync(context, next, server: false));

    private async Task RunAsync(ConnectionContext context, ConnectionDelegate next, bool server)
    {
        var plain = context.Transport;
        await using var wire = new SslStream(new DuplexStream(plain.Input.AsStream(leaveOpen: true), plain.Output.AsStream(leaveOpen: true)), leaveInnerStreamOpen: false);
        var (_, own, authority) = Files();
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed))
        {
            patience.CancelAfter(HandshakeTime);
            await (server ? wire.AuthenticateAsServerAsync(Server(own, authority), patience.Token) : wire.AuthenticateAsClientAsync(Client(own, authority), patience.Token)).ConfigureAwait(false);
        }

        var transport = new SecurePipe(PipeReader.Create(wire, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(wire, new StreamPipeWriterOptions(leaveOpen: true)));
        try
        {
            context.Transport = transport;
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            context.Transport = plain;
            await transport.Input.CompleteAsync().ConfigureAwait(false);
            await transport.Output.CompleteAsync().ConfigureAwait(false);
        }
    }

    private SslServerAuthenticationOptions Server(SslStreamCertificateContext own, X509Certificate2Collection authority) => new()
    {
        ServerCertificateContext = own,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => IsMember(certificate, authority),
    };

    private SslClientAuthenticationOptions Client(SslStreamCertificateContext own, X509Certificate2Collection authority) => new()
    {
        TargetHost = name,
        ClientCertificateContext = own,
        EnabledSslProtocols = SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => IsMember(certificate, authority),
    };

    // This callback replaces the framework's checks, so chain, dates and name are all judged here. Revocation is the private authority's matter: replace its file.
    private bool IsMember(X509Certificate? certificate, X509Certificate2Collection authority)
    {
        if (certificate is not X509Certificate2 peer || !peer.MatchesHostname(name, allowWildcards: false, allowCommonName: false)) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(peer);
    }

    // Read again when a file has changed: certificates are renewed without a restart, and connections made from then on use the new one.
    private (DateTime Written, SslStreamCertificateContext Own, X509Certificate2Collection Authority) Files()
    {
        var written = new[] { certificateFile, keyFile, authorityFile }.Max(File.GetLastWriteTimeUtc);
        lock (_lock)
        {
            if (_files is { } known && known.Written == written) return known;
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificateFile);
            var authority = new X509Certificate2Collection();
            authority.ImportFromPemFile(authorityFile);
            var own = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificateFile, keyFile), chain, offline: true);
            return (_files = (written, own, authority)).Value;
        }
    }

    /// <summary>Why the files are not what they should be; null when the others will accept them.</summary>
    public string? Fault()
    {
        try
        {
            var (_, own, authority) = Files();
            if (IsMember(own.TargetCertificate, authority)) return null;
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException)
        {
            return "The cluster's certificates cannot be used: " + e.Message;
        }

        return $"This certificate is not signed by the cluster's authority, is out of date, or does not carry the name '{name}'; the silos would refuse it.";
    }

    private sealed record SecurePipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
