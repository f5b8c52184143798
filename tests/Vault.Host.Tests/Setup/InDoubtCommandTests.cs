using Vault.Core.Accounts;
using Vault.Core.Ledger;
using Vault.Host.Commands;
using Vault.Host.Composition;
using Vault.Host.Options;

namespace Vault.Host.Tests.Setup;

/// <summary>What an operator says about refresh tokens in doubt, and the data folder that counts its
/// processes.</summary>
public sealed class InDoubtCommandTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vault-doubt-");

    public void Dispose() => _root.Delete(recursive: true);

    private VaultOptions Options => VaultOptions.Read(["--data", _root.FullName], []).Options!;

    private async Task<IReadOnlyList<RefreshNote>> NotesAsync(string kind)
    {
        await using var store = await StoreSetup.OpenAsync(
            Options,
            new LedgerEntryWriter(new SystemEntropy()),
            default
        );
        return await store.RefreshNotes.ListAsync(kind, null, default);
    }

    [Fact]
    public async Task A_folder_is_declared_lost_and_a_provider_is_resumed()
    {
        using var told = new StringWriter();
        var folder = new string('a', 32);
        Assert.Equal(0, await HostCommand.RunAsync(["folder-lost", folder], Options, told, default));
        Assert.Equal(folder, Assert.Single(await NotesAsync("drained")).Subject);
        Assert.Equal(0, await HostCommand.RunAsync(["present-again", "notion"], Options, told, default));
        Assert.Contains("nothing changes", told.ToString(), StringComparison.Ordinal);
        await using (
            var store = await StoreSetup.OpenAsync(Options, new LedgerEntryWriter(new SystemEntropy()), default)
        )
            await store.RefreshNotes.PutAsync(new("reuse", "notion", "ca_1", "h", DateTimeOffset.UnixEpoch), default);
        Assert.Equal(0, await HostCommand.RunAsync(["present-again", "notion"], Options, told, default));
        Assert.Empty(await NotesAsync("reuse"));
        foreach (string[] wrong in new string[][] { ["folder-lost"], ["folder-lost", "x"], ["present-again"] })
            await Assert.ThrowsAsync<StartException>(() => HostCommand.RunAsync(wrong, Options, told, default));
    }

    [Fact]
    public void Each_process_on_a_folder_gets_the_next_number_and_another_folder_another_id()
    {
        var path = Path.Combine(_root.FullName, "one");
        var holders = new List<DataFolderHolder>();
        for (var i = 0; i < 3; i++)
        {
            using var folder = new DataFolder(path, holdsDatabase: false);
            holders.Add(DataFolderHolder.Of(folder.Holder)!.Value);
        }

        Assert.Equal([1L, 2L, 3L], holders.Select(h => h.Number));
        Assert.Single(holders.Select(h => h.Folder).Distinct());
        File.WriteAllText(Path.Combine(path, "host.lock"), "something else");
        using var unreadable = new DataFolder(path, holdsDatabase: false);
        var fresh = DataFolderHolder.Of(unreadable.Holder)!.Value;
        Assert.NotEqual(holders[0].Folder, fresh.Folder);
        Assert.Equal(1, fresh.Number);
        Assert.Null(DataFolderHolder.Of("machine/12/guid"));
        Assert.Null(DataFolderHolder.Of("f1.2"));
    }
}
