using System.Net;
using System.Net.Sockets;

namespace Vault.Campaigns.Lab;

/// <summary>The checkout this program was built from, the programs beside it, and free ports of this machine.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>The host's program is built into the same folder as this one.</summary>
    public static string Host { get; } = Path.Combine(AppContext.BaseDirectory, "vault-host.dll");

    /// <summary>The silo's is built into its own folder, in the same configuration: both programs have the host's classes in them.</summary>
    public static string Silo { get; } = Path.Combine(Root, "src", "Vault.Silo", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, new DirectoryInfo(AppContext.BaseDirectory).Name, "vault-silo.dll");

    /// <summary>A port that is free now, below those that the system gives to outgoing connections: one of these could be taken before a host that was killed binds it again.</summary>
    public static int FreePort()
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(12_000, 32_000));
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

        throw new LabException("No port from 12,000 to 32,000 is free on 127.0.0.1.");
    }

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Vault.Orleans.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new LabException("This program runs outside its checkout.");
        return folder;
    }
}
