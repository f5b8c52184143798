namespace Vault.Campaigns.Lab;

/// <summary>The checkout this program was built from, and the programs beside it.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>The host's program is built into the same folder as this one.</summary>
    public static string Host { get; } = Path.Combine(AppContext.BaseDirectory, "vault-host.dll");

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Vault.Orleans.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new LabException("This program runs outside its checkout.");
        return folder;
    }
}
