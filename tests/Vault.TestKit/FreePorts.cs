using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Vault.TestKit;

/// <summary>
/// Ports of 127.0.0.1 for a program that needs its port before it starts. A port is free when it is returned and bound
/// only later, and no other test process may get it in between. Therefore a process reserves blocks of ports by a lock
/// on a file for its lifetime, and never returns a port twice.
/// </summary>
public static class FreePorts
{
    // Below the ranges of scripts/pg, Orleans' test cluster and the system's outgoing connections: each of them could
    // take a port before the program binds it.
    private const int First = 12_000;
    private const int Blocks = 32;
    private const int BlockSize = 250;

    private static readonly Lock Sync = new();
    private static readonly List<FileStream> Held = [];
    private static int _next;
    private static int _end;

    /// <exception cref="InvalidOperationException">All blocks are taken.</exception>
    public static int Next()
    {
        lock (Sync)
        {
            while (true)
            {
                if (_next == _end)
                    TakeBlock();
                using var listener = new TcpListener(IPAddress.Loopback, _next++);
                try
                {
                    listener.Start();
                    return ((IPEndPoint)listener.LocalEndpoint).Port;
                }
                catch (SocketException)
                {
                    // Another program uses the port; try the next one.
                }
            }
        }
    }

    // Starts at a random block, so that a port is rarely reused soon after its previous process.
    private static void TakeBlock()
    {
        var start = Random.Shared.Next(Blocks);
        for (var i = 0; i < Blocks; i++)
        {
            var block = (start + i) % Blocks;
            var file = Path.Combine(
                Path.GetTempPath(),
                "vault-test-ports-" + block.ToString(CultureInfo.InvariantCulture)
            );
            try
            {
                Held.Add(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
                (_next, _end) = (First + (block * BlockSize), First + ((block + 1) * BlockSize));
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process, or this one, has already reserved the block.
            }
        }

        throw new InvalidOperationException($"Test processes have reserved all blocks of ports from {First} on.");
    }
}
