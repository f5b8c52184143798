using System.Net;
using System.Net.Sockets;

namespace Vault.Storage.Tests.Postgres;

/// <summary>A wire between the program and its database that counts round trips and can be cut.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _to;
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private int _roundTrips;

    public TcpRelay(int to)
    {
        _to = to;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How often the client spoke after the server had answered.</summary>
    public int RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>
    /// The next answer of the server is thrown away and the connection closed: the request arrived, the reply is lost.
    /// </summary>
    public bool LoseNextReply { get; set; }

    /// <summary>Completes when a reply was lost; the server had answered by then.</summary>
    public TaskCompletionSource ReplyLost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        lock (_sockets)
        {
            foreach (var socket in _sockets)
                socket.Dispose();
        }

        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var pumps = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync();
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                lock (_sockets)
                    _sockets.AddRange([client, server]);
                await server.ConnectAsync(IPAddress.Loopback, _to);
                client.NoDelay = true;
                var turn = new Turn();
                pumps.Add(PumpAsync(client, server, () =>
                    {
                        if (Interlocked.Exchange(ref turn.ServerSpoke, 0) == 1)
                            Interlocked.Increment(ref _roundTrips);
                        return false;
                    }));
                pumps.Add(PumpAsync(server, client, () =>
                    {
                        Interlocked.Exchange(ref turn.ServerSpoke, 1);
                        if (!LoseNextReply)
                            return false;
                        LoseNextReply = false;
                        return true;
                    }));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Func<bool> cut)
    {
        var buffer = new byte[65536];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                if (cut())
                {
                    ReplyLost.TrySetResult();
                    break;
                }

                for (var sent = 0; sent < read; )
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }

        from.Dispose();
        to.Dispose();
    }

    private sealed class Turn
    {
        public int ServerSpoke;
    }
}
