using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vault.TestKit.Provider;

/// <summary>A proxy that keeps the first line of what it is asked; all tunnels lead to one port.</summary>
public sealed class TestProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _tunnelTo;
    private readonly Task _loop;

    public TestProxy(int tunnelTo = 0)
    {
        _tunnelTo = tunnelTo;
        _listener.Start();
        _loop = LoopAsync();
    }

    public string Url => "http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port;

    public System.Collections.Concurrent.ConcurrentQueue<string> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException) { }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var head = new StringBuilder();
                var one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    if (await stream.ReadAsync(one, _stop.Token) == 0)
                        return;
                    head.Append((char)one[0]);
                }

                var first = head.ToString().Split("\r\n")[0];
                Asked.Enqueue(first);
                using var onward = new TcpClient();
                if (first.StartsWith("CONNECT", StringComparison.Ordinal))
                {
                    await onward.ConnectAsync(IPAddress.Loopback, _tunnelTo, _stop.Token);
                    await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _stop.Token);
                }
                else
                {
                    var target = new Uri(first.Split(' ')[1]);
                    await onward.ConnectAsync(target.Host, target.Port, _stop.Token);
                    var request = head.ToString()
                        .Replace(
                            first,
                            first.Replace(target.GetLeftPart(UriPartial.Authority), "", StringComparison.Ordinal),
                            StringComparison.Ordinal
                        );
                    await onward.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), _stop.Token);
                }

                await Task.WhenAny(
                    stream.CopyToAsync(onward.GetStream(), _stop.Token),
                    onward.GetStream().CopyToAsync(stream, _stop.Token)
                );
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException) { }
        }
    }
}
