using System.Net;
using System.Net.Sockets;

namespace Vault.Campaigns.Lab;

/// <summary>The checkout this program was built from, the programs beside it, and free ports of this machine.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>The host's program is built into the same folder as this one.</summary>
    public static string Host { get; } = Path.Combine(AppContext.BaseDirectory, "vault-host.dll");

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Vault.Orleans.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new LabException("This program runs outside its checkout.");
        return folder;
    }
}
