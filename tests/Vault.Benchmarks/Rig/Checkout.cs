using System.Net;
using System.Net.Sockets;

namespace Vault.Benchmarks.Rig;

/// <summary>The checkout this program was built from, and free ports of this machine.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static string Program(string project, string assembly)
    {
        var path = Path.Combine(Root, project, "bin", "Release", "net10.0", assembly + ".dll");
        return File.Exists(path) ? path : throw new BenchException($"{path} is not built; run scripts/bench, which builds it.");
    }

    public static Uri FreeUrl()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Vault.Orleans.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new BenchException("The bench runs outside its checkout.");
        return folder;
    }
}
