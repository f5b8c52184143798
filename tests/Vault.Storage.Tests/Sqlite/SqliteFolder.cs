using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests.Sqlite;

/// <summary>A folder of its own for one database file.</summary>
internal sealed class SqliteFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vault-storage-");

    public string File => Path.Combine(_folder.FullName, "data", "vault.db");

    public string Root => _folder.FullName;

    public Task<VaultStore> OpenAsync() => VaultStore.OpenSqliteAsync(File, StoreUnderTest.EntryWriter(), default);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>An empty store whose closing removes the folder.</summary>
    public static async Task<StorePorts> PortsAsync()
    {
        var folder = new SqliteFolder();
        var store = await folder.OpenAsync();
        return StoreUnderTest.Ports(store, async () =>
        {
            await store.DisposeAsync();
            folder.Dispose();
        });
    }
}
