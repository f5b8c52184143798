using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Vault.Providers.Egress;
using Vault.TestKit.Provider;

namespace Vault.Providers.Tests.Egress;

/// <summary>A network where calls leave through a proxy, and certificates are of the company.</summary>
public sealed class EgressProxyTests
{
    [Theory]
    [InlineData("https://api.example.com/x", "http://p:1/")]
    [InlineData("https://inner.corp.example/x", null)]
    [InlineData("https://a.inner.corp.example/x", null)]
    [InlineData("https://notinner.corp.example/x", "http://p:1/")]
    [InlineData("https://git.example.org:8443/x", null)]
    [InlineData("https://git.example.org/x", "http://p:1/")]
    [InlineData("https://10.1.2.3/x", null)]
    [InlineData("http://api.example.com/x", "http://q:2/")]
    public void A_list_says_what_does_not_go_through_the_proxy(string url, string? through)
    {
        var options = new EgressOptions { HttpsProxy = "p:1", HttpProxy = "http://q:2" };
        foreach (var entry in new[] { "inner.corp.example", " git.example.org:8443", "10.0.0.0/8", "" })
            options.NoProxy.Add(entry);
        Assert.Equal(through, EgressProxy.Of(options, [])!.GetProxy(new Uri(url))?.AbsoluteUri);
    }

    [Fact]
    public void A_name_and_a_password_belong_to_the_proxy_and_not_to_its_address()
    {
        var proxy = EgressProxy.Of(new EgressOptions { HttpsProxy = "http://u:p%40ss@own:3128" }, [])!;
        var address = proxy.GetProxy(new Uri("https://api.example.com"))!;
        Assert.Equal("http://own:3128/", address.AbsoluteUri);
        Assert.Equal(
            ("u", "p@ss"),
            (
                proxy.Credentials!.GetCredential(address, "Basic")!.UserName,
                proxy.Credentials.GetCredential(address, "Basic")!.Password
            )
        );
    }

    [Fact]
    public async Task A_tunnel_is_asked_for_by_name_and_a_certificate_of_the_company_is_trusted_for_its_own_name()
    {
        using var authority = Authority();
        using var good = Issued(authority, "vault.company.example");
        await using var server = new TlsPeer(good);
        await using var proxy = new TestProxy(tunnelTo: server.Port);
        using var trusting = Client(proxy, authority.ExportCertificatePem());
        using var plain = Client(proxy, null);

        using var reply = await AskAsync(trusting, "https://vault.company.example/");
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Contains("CONNECT vault.company.example:443 HTTP/1.1", proxy.Asked);
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(plain, "https://vault.company.example/"));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(trusting, "https://other.company.example/"));
    }

    [Fact]
    public async Task A_name_that_resolves_to_a_private_address_is_not_called_through_a_proxy_either()
    {
        await using var proxy = new TestProxy();
        var options = new EgressOptions { HttpsProxy = proxy.Url };
        using var http = new ProviderHttp(options, new Resolver("10.0.0.5"));
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(http, "https://api.example.com/"));
        Assert.IsType<EgressDeniedException>(refused.InnerException);
        Assert.DoesNotContain(proxy.Asked, line => line.StartsWith("CONNECT", StringComparison.Ordinal));
    }

    private static ProviderHttp Client(TestProxy proxy, string? authorities) =>
        new(new EgressOptions { HttpsProxy = proxy.Url, AuthoritiesPem = authorities }, new Resolver(null));

    private static async Task<HttpResponseMessage> AskAsync(ProviderHttp http, string url)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, url);
        return await http.Tokens.SendAsync(message, CancellationToken.None);
    }

    private static X509Certificate2 Authority()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Company", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }

    private static X509Certificate2 Issued(X509Certificate2 authority, string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var bare = request.Create(
            authority,
            now.AddHours(-1),
            now.AddDays(20),
            RandomNumberGenerator.GetBytes(8)
        );
        using var whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }

    /// <summary>The proxy's own name is an address; every other name is unknown here, or has the given
    /// address.</summary>
    private sealed class Resolver(string? others) : IHostResolver
    {
        public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
            IPAddress.TryParse(host, out var address) ? Task.FromResult<IReadOnlyList<IPAddress>>([address])
            : others is null ? throw new SocketException((int)SocketError.HostNotFound)
            : Task.FromResult<IReadOnlyList<IPAddress>>([IPAddress.Parse(others)]);
    }

    /// <summary>A server with one certificate that answers every request alike.</summary>
    private sealed class TlsPeer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _loop;

        public TlsPeer(X509Certificate2 certificate)
        {
            _listener.Start();
            _loop = LoopAsync(certificate);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _loop;
            _listener.Stop();
            _stop.Dispose();
        }

        private async Task LoopAsync(X509Certificate2 certificate)
        {
            try
            {
                while (true)
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token), certificate);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
        }

        private async Task ServeAsync(TcpClient client, X509Certificate2 certificate)
        {
            using (client)
            {
                try
                {
                    await using var tls = new SslStream(client.GetStream());
                    await tls.AuthenticateAsServerAsync(certificate);
                    await tls.ReadAtLeastAsync(new byte[4096], 16, throwOnEndOfStream: false, _stop.Token);
                    await tls.WriteAsync(
                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(),
                        _stop.Token
                    );
                }
                catch (Exception e)
                    when (e
                            is IOException
                                or System.Security.Authentication.AuthenticationException
                                or OperationCanceledException
                    ) { }
            }
        }
    }
}
