using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Vault.TestKit;

/// <summary>
/// Ports of 127.0.0.1 for a program that must be told its port before it starts. Such a port is free when it is given
/// and bound only later, and no other test process may be given it in between: a process holds the blocks that its
/// ports come from, by a lock on a file, for as long as it lives. No port is given twice to one process.
/// </summary>
public static class FreePorts
{
    // Below those that scripts/pg, Orleans' test cluster and the system (for outgoing connections) choose from: each of
    // them could take one before the program binds it.
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
                    // Taken by something that is no test; the next one.
                }
            }
        }
    }

    // The first to look at is a random one, so that a port is rarely met again soon after the process that had it.
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
                // Another process's, or this one's own from before.
            }
        }

        throw new InvalidOperationException($"All blocks of ports from {First} on are taken by test processes.");
    }
}
