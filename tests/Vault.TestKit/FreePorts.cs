using System.Net;
using System.Net.Sockets;

namespace Vault.TestKit;

/// <summary>Ports of 127.0.0.1 for a program that must be told its port before it starts. No port is given twice to one process.</summary>
public static class FreePorts
{
    // Below those that the system gives to outgoing connections: one of these could be taken before the program binds it.
    private const int First = 12_000;
    private const int Count = 20_000;

    private static int _last = Random.Shared.Next(Count);

    /// <exception cref="InvalidOperationException">None of them is free.</exception>
    public static int Next()
    {
        for (var attempt = 0; attempt < Count; attempt++)
        {
            using var listener = new TcpListener(IPAddress.Loopback, First + (int)((uint)Interlocked.Increment(ref _last) % Count));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Taken; the next one.
            }
        }

        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free on 127.0.0.1.");
    }
}
