using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vault.TestKit;

/// <summary>
/// A server to which nothing may be sent. It answers every request with a plausible token response and keeps what it
/// heard.
/// </summary>
public sealed class ForeignServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly Task _accepting;

    public ForeignServer()
    {
        _listener.Start();
        Url = "http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public string Url { get; }

    /// <summary>The requests, as far as they were in the first packets.</summary>
    public IReadOnlyCollection<string> Heard => _heard;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting.ConfigureAwait(false);
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync().ConfigureAwait(false);
                await AnswerAsync(client).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            catch (IOException) { }
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        var stream = client.GetStream();
        var buffer = new byte[16 * 1024];
        var read = await stream.ReadAsync(buffer).ConfigureAwait(false);
        _heard.Enqueue(Encoding.UTF8.GetString(buffer, 0, read));
        var body = """{"access_token":"foreign","token_type":"Bearer","expires_in":3600,"ok":true}"""u8.ToArray();
        var head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head)).ConfigureAwait(false);
        await stream.WriteAsync(body).ConfigureAwait(false);
    }
}
