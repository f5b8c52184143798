using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vault.Providers.Tests.Peers;

/// <summary>
/// A peer that answers one scripted text per connection, byte for byte, and counts the requests it saw. For answers no
/// honest server gives.
/// </summary>
public sealed class OddPeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, string?> _answer;
    private readonly Task _loop;
    private int _requests;

    /// <param name="answer">From the request (head and body) to the raw answer; null holds the connection open and
    /// silent.</param>
    public OddPeer(Func<string, string?> answer)
    {
        _answer = answer;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public string BaseUrl => "http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Requests => Volatile.Read(ref _requests);

    public string LastRequest { get; private set; } = "";

    /// <summary>Completes when the first request has arrived.</summary>
    public TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static string Http(int status, string body, string headers = "Content-Type: application/json\r\n") =>
        $"HTTP/1.1 {status} X\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        try
        {
            await _loop;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException) { }

        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var request = await ReadAsync(stream);
                LastRequest = request;
                Interlocked.Increment(ref _requests);
                Arrived.TrySetResult();
                if (_answer(request) is { } answer)
                {
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), _stop.Token);
                    await stream.FlushAsync(_stop.Token);
                    client.Client.Shutdown(SocketShutdown.Send);
                }
                else
                {
                    // Silence until the other side leaves.
                    await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, _stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException) { }
        }
    }

    private async Task<string> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[8192];
        while (true)
        {
            var all = Encoding.UTF8.GetString(bytes.ToArray());
            var head = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head >= 0)
            {
                var length = all.Split("\r\n")
                    .FirstOrDefault(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                    ?.Split(':')[1]
                    .Trim();
                if (
                    length is null
                    || bytes.Count - Encoding.UTF8.GetByteCount(all.AsSpan(0, head)) - 4
                        >= int.Parse(length, System.Globalization.CultureInfo.InvariantCulture)
                )
                    return all;
            }

            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
                return all;
            bytes.AddRange(buffer.AsSpan(0, read));
        }
    }
}
