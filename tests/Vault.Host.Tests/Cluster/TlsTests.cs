using System.Globalization;
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
        var port = FreePorts.Next().ToString(CultureInfo.InvariantCulture);
        await using var world = await World.StartAsync(1, true, [.. _ours.Options(), "--silo-port", port]);

        // The silos trust the cluster's authority only, so this one has to send its intermediate certificate.
        await world.AddHostAsync(_ours.Options(intermediate: true));
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));

        // Several accounts, so that some live on the other silo.
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i % 2))
        );
        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.ToString()));
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);

        // Nobody, somebody of another authority, and one of ours under another name.
        using var foreign = new ClusterCertificates(_folder);
        var at = int.Parse(port, CultureInfo.InvariantCulture);
        await Assert.ThrowsAnyAsync<IOException>(() => KnockAsync(at, null));
        await Assert.ThrowsAnyAsync<IOException>(() => KnockAsync(at, foreign.Options()));
        await Assert.ThrowsAnyAsync<IOException>(() => KnockAsync(at, _ours.Options("another-cluster")));
    }

    [Fact]
    public async Task Renewed_certificates_and_a_new_authority_are_used_by_new_connections_without_a_restart()
    {
        var (one, two) = (OptionsOfItsOwn("one"), OptionsOfItsOwn("two"));
        var port = FreePorts.Next();
        string[] options = [.. one, "--silo-port", port.ToString(CultureInfo.InvariantCulture)];
        await using var world = await World.StartAsync(1, true, options);
        await world.AddHostAsync(two);
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        var former = await ShownAsync(port);

        // All trust both authorities before the first shows a certificate of the new one. A new key is not used before
        // its certificate is there.
        using var renewed = new ClusterCertificates(_folder);
        foreach (var silo in new[] { one, two })
        {
            await File.AppendAllTextAsync(silo[5], await File.ReadAllTextAsync(renewed.AuthorityFile));
            var (certificate, key) = renewed.Issue();
            await File.WriteAllTextAsync(silo[3], key);
            if (silo == one)
                Assert.Equal(former, await ShownAsync(port));
            await File.WriteAllTextAsync(silo[1], certificate);
        }

        using var now = X509CertificateLoader.LoadCertificateFromFile(one[1]);
        Assert.NotEqual(former, now.SerialNumber);
        Assert.Equal(now.SerialNumber, await ShownAsync(port));
        Assert.Contains(world.Logs, l => l.Contains("the previous certificate stays in use", StringComparison.Ordinal));

        // This one trusts the new authority only. It can join when the others show their new certificates, on the
        // connections that they make and on those that they accept.
        await world.AddHostAsync(renewed.Options());
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 30)
                .Select(i => world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile", host: i % 3))
        );
        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.ToString()));
    }

    [Fact]
    public async Task A_certificate_that_the_others_would_refuse_stops_the_start()
    {
        using var foreign = new ClusterCertificates(_folder);
        var name = await Assert.ThrowsAsync<StartException>(() => StartAsync(_ours.Options("another-cluster")));
        Assert.Contains("vault-cluster", name.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StartException>(() => StartAsync(_ours.Options(authority: foreign.AuthorityFile)));
    }

    // With a file of its own for the authorities too, as on a machine of its own.
    private string[] OptionsOfItsOwn(string silo)
    {
        var authorities = Path.Combine(_folder, silo + ".ca");
        File.Copy(_ours.AuthorityFile, authorities);
        return _ours.Options(authority: authorities);
    }

    private Task StartAsync(string[] certificates)
    {
        var (options, faults) = VaultOptions.Read(
            ["--store", "postgres", "--database", "Host=127.0.0.1;Port=1", "--data", _folder, .. certificates],
            []
        );
        Assert.Empty(faults);
        return VaultHost.CreateAsync(options!, null, CancellationToken.None);
    }

    /// <summary>The serial number of the certificate that a silo shows to a new connection.</summary>
    private static async Task<string> ShownAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = new SslStream(client.GetStream(), false, (_, shown, _, _) => shown is not null);
        await stream.AuthenticateAsClientAsync("vault-cluster", null, SslProtocols.Tls13, false);
        return ((X509Certificate2)stream.RemoteCertificate!).SerialNumber;
    }

    // The server's verdict on a client without a certificate arrives with the first read after a TLS 1.3 handshake.
    private static async Task KnockAsync(int port, string[]? certificates)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = new SslStream(client.GetStream(), false, (_, certificate, _, _) =>
            certificate is not null
        );
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "vault-cluster",
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificates = certificates is null
                    ? null
                    : [X509Certificate2.CreateFromPemFile(certificates[1], certificates[3])],
            }
        );
        if (await stream.ReadAsync(new byte[1]) == 0)
            throw new IOException("The connection was closed.");
    }
}
