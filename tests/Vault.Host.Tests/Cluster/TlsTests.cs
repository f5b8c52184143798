using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Cluster;

/// <summary>Silos that speak TLS with certificates on both sides.</summary>
[Collection(ClusterCollection.Name)]
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-tls-").FullName;
    private readonly ClusterCertificates _ours;

    public TlsTests() => _ours = new ClusterCertificates(_folder);

    public void Dispose()
    {
        _ours.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Silos_with_certificates_of_one_authority_work_together_and_nobody_else_gets_in()
    {
        var port = FreePorts.Next().ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using var world = await World.StartAsync(1, true, [.. _ours.Options(), "--silo-port", port]);
        await world.AddHostAsync(_ours.Options());
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));

        // Several accounts, so that some live on the other silo.
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i % 2)));
        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.ToString()));
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);

        // Nobody, somebody of another authority, and one of ours under another name.
        using var foreign = new ClusterCertificates(_folder);
        var at = int.Parse(port, System.Globalization.CultureInfo.InvariantCulture);
        await Assert.ThrowsAnyAsync<IOException>(() => KnockAsync(at, null));
        await Assert.ThrowsAnyAsync<IOException>(() => KnockAsync(at, foreign.Options()));
        await Assert.ThrowsAnyAsync<IOException>(() => KnockAsync(at, _ours.Options("another-cluster")));
    }

    [Fact]
    public async Task A_certificate_that_the_others_would_refuse_stops_the_start()
    {
        using var foreign = new ClusterCertificates(_folder);
        var name = await Assert.ThrowsAsync<StartException>(() => StartAsync(_ours.Options("another-cluster")));
        Assert.Contains("vault-cluster", name.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StartException>(() => StartAsync(_ours.Options(authority: foreign.AuthorityFile)));
    }

    private Task StartAsync(string[] certificates)
    {
        var (options, faults) = VaultOptions.Read(["--store", "postgres", "--database", "Host=127.0.0.1;Port=1", "--data", _folder, .. certificates], []);
        Assert.Empty(faults);
        return VaultHost.CreateAsync(options!, null, CancellationToken.None);
    }

    // The server's verdict on a client without a certificate arrives with the first read after a TLS 1.3 handshake.
    private static async Task KnockAsync(int port, string[]? certificates)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = new SslStream(client.GetStream(), false, (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "vault-cluster", EnabledSslProtocols = SslProtocols.Tls13, ClientCertificates = certificates is null ? null : [X509Certificate2.CreateFromPemFile(certificates[1], certificates[3])] });
        if (await stream.ReadAsync(new byte[1]) == 0) throw new IOException("The connection was closed.");
    }
}
