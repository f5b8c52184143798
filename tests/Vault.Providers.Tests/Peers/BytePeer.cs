using System.Net;
using System.Net.Sockets;

namespace Vault.Providers.Tests.Peers;

/// <summary>Answers every connection with the same bytes once the request's head has come.</summary>
public sealed class BytePeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly Task _loop;

    public BytePeer(byte[] answer)
    {
        _answer = answer;
        _listener.Start();
        _loop = ServeAsync();
    }

    public string BaseUrl => "http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[4096], 16, throwOnEndOfStream: false, _stop.Token);
                await stream.WriteAsync(_answer, _stop.Token);
                client.Client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e)
            when (e is OperationCanceledException or SocketException or IOException or InvalidOperationException) { }
    }
}
