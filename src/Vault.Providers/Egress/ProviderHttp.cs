using System.Net;
using System.Net.Sockets;

namespace Vault.Providers.Egress;

/// <summary>The address may not be called; nothing was sent.</summary>
public sealed class EgressDeniedException(string message) : IOException(message);

/// <summary>
/// The two HTTP clients for providers. Both resolve a host themselves, check every address and connect to a checked
/// one, so a DNS response that changes between check and connect has no effect. No redirects, no cookies, no proxy but
/// the operator's, no retries of their own.
/// </summary>
public sealed class ProviderHttp : IDisposable
{
    private readonly EgressPolicy _policy;
    private readonly IHostResolver _resolver;
    private readonly EgressProxy? _proxy;

    /// <exception cref="ArgumentException">An egress option is invalid; the message lists every fault.</exception>
    public ProviderHttp(EgressOptions options, IHostResolver? resolver = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _policy = EgressPolicy.Create(options, out var faults);
        if (faults.Length > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        _resolver = resolver ?? new SystemResolver();
        _proxy = EgressProxy.Of(options, []);
        var api = Handler(options);
        // Below the keep-alive of common front ends (60 to 130 s): a write on a connection that the server has just
        // closed has an unknown outcome.
        api.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30);
        api.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
        Api = new HttpMessageInvoker(api);
        var tokens = Handler(options);
        // A new connection for every token call: on a pooled connection that died unnoticed, a request that was never
        // sent would count as "may have acted", and with a single-use refresh token that costs the grant (law 5). Token
        // calls are rare, so the handshake does not matter.
        tokens.PooledConnectionLifetime = TimeSpan.Zero;
        Tokens = new HttpMessageInvoker(tokens);
    }

    /// <summary>
    /// Sends all requests to a handler in the process: for the lab, which emulates providers. The egress policy still
    /// applies.
    /// </summary>
    internal ProviderHttp(EgressOptions options, HttpMessageHandler peer)
    {
        _policy = EgressPolicy.Create(options, out var faults);
        if (faults.Length > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        _resolver = new SystemResolver();
        (Api, Tokens) = (
            new HttpMessageInvoker(peer, disposeHandler: false),
            new HttpMessageInvoker(peer, disposeHandler: false)
        );
    }

    public EgressPolicy Policy => _policy;

    /// <summary>For API calls: pooled. The caller requests a content encoding and decodes it.</summary>
    internal HttpMessageInvoker Api { get; }

    /// <summary>For token endpoint calls: never a reused connection.</summary>
    internal HttpMessageInvoker Tokens { get; }

    public void Dispose()
    {
        Api.Dispose();
        Tokens.Dispose();
    }

    private SocketsHttpHandler Handler(EgressOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = _proxy is not null,
            Proxy = _proxy,
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = options.MaxConnectionsPerHost,
            MaxResponseHeadersLength = 64,
            // The caller's trace context is passed on; no new one is created here.
            ActivityHeadersPropagator = null,
            ConnectCallback = ConnectAsync,
        };
        if (options.AuthoritiesPem is { } pem && CompanyAuthorities.Read(pem, out _) is { } authorities)
            handler.SslOptions.RemoteCertificateValidationCallback = CompanyAuthorities.Check(authorities);
        return handler;
    }

    private async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context,
        CancellationToken cancellationToken
    )
    {
        var (host, port) = (context.DnsEndPoint.Host.Trim('[', ']').ToLowerInvariant(), context.DnsEndPoint.Port);
        // With a proxy the connection leads to it, at an address that the operator chose.
        var target = TargetOf(context.InitialRequestMessage);
        var proxied = target is not null && _proxy?.GetProxy(target) is not null;
        if (proxied)
            await CheckTargetAsync(target!, cancellationToken);
        var addresses = await _resolver.ResolveAsync(host, cancellationToken);
        if (addresses.Count == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        if (!proxied)
            Check(host, port, addresses);
        SocketException? last = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last!;
    }

    /// <summary>What a connection is for. The framework asks a proxy for a tunnel by a request of its own.</summary>
    private static Uri? TargetOf(HttpRequestMessage message) =>
        message.Method == HttpMethod.Connect && message.Headers.Host is { } authority
            ? new Uri("https://" + authority)
            : message.RequestUri;

    /// <summary>
    /// The name is one of the pack's hosts already. Where this machine can resolve it, its addresses are checked as
    /// without a proxy; inside a company it often cannot, and the proxy does.
    /// </summary>
    private async Task CheckTargetAsync(Uri target, CancellationToken cancellationToken)
    {
        var host = target.IdnHost.Trim('[', ']').ToLowerInvariant();
        IReadOnlyList<IPAddress> addresses;
        try
        {
            addresses = await _resolver.ResolveAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            return;
        }

        Check(host, target.Port, addresses);
    }

    private void Check(string host, int port, IReadOnlyList<IPAddress> addresses)
    {
        foreach (var address in addresses)
        {
            // One forbidden address among allowed ones is a sign of DNS rebinding: reject the whole response.
            if (_policy.Refusal(host, port, address) is { } refusal)
                throw new EgressDeniedException($"{host} may not be called: {refusal}");
        }
    }
}
