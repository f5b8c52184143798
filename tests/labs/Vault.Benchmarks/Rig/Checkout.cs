using System.Net;
using System.Net.Sockets;

namespace Vault.Benchmarks.Rig;

/// <summary>The checkout this program was built from, and free ports of this machine.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>Where the program of a checkout is when it has been built.</summary>
    public static string Program(string project, string assembly, string root) => Path.Combine(root, project, "bin", "Release", "net10.0", assembly + ".dll");

    public static string Program(string project, string assembly)
    {
        var path = Program(project, assembly, Root);
        return File.Exists(path) ? path : throw new BenchException($"{path} is not built; run scripts/bench, which builds it.");
    }

    /// <summary>A port that is free now, below those that the system gives to outgoing connections: one of these could be taken before the server binds it.</summary>
    public static Uri FreeUrl()
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(12_000, 32_000));
            try
            {
                listener.Start();
                return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
            }
            catch (SocketException)
            {
                // Taken; the next one.
            }
        }

        throw new BenchException("No port from 12,000 to 32,000 is free on 127.0.0.1.");
    }

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Vault.Orleans.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new BenchException("The bench runs outside its checkout.");
        return folder;
    }
}
