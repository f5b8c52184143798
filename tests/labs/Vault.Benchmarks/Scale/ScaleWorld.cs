using System.Security.Cryptography;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Sealing;
using Vault.Storage;
using Vault.Storage.Stores;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// The vault's own store and keys, opened beside the host: what is measured or loaded without HTTP in between goes
/// through these.
/// </summary>
internal sealed class ScaleWorld : IAsyncDisposable
{
    private readonly LocalKeyWrapper _wrapper;

    private ScaleWorld(VaultStore store, LocalKeyWrapper wrapper)
    {
        (Store, _wrapper) = (store, wrapper);
        Ids = new IdFactory(TimeProvider.System, Entropy);
        Keyring = new Keyring(store.Keys, wrapper, Entropy, TimeProvider.System);
        Sealer = new Sealer(Keyring, Entropy);
        Sealing = new GrantSealing(Sealer);
    }

    public VaultStore Store { get; }

    public RandomEntropy Entropy { get; } = new();

    public IdFactory Ids { get; }

    public Keyring Keyring { get; }

    public Sealer Sealer { get; }

    public GrantSealing Sealing { get; }

    public KeyRotation Rotation =>
        new(Store.Keys, Store.KeyRotations, Store.Sealed, _wrapper, Keyring, Sealer, Ids, Entropy, TimeProvider.System);

    /// <summary>New accounts of one organization in one transaction; answers how many were new.</summary>
    public Task<int> InsertAsync(IReadOnlyList<AccountRow> rows, CancellationToken cancellationToken) =>
        ((SqlAccountStore)Store.Accounts).InsertManyAsync(rows, cancellationToken);

    /// <summary>Makes a master key where the host will look for its own, and the schema.</summary>
    public static async Task<ScaleWorld> OpenAsync(
        string dataFolder,
        string database,
        CancellationToken cancellationToken
    )
    {
        Directory.CreateDirectory(dataFolder);
        var key = RandomNumberGenerator.GetBytes(32);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new StreamWriter(Path.Combine(dataFolder, "master.key"), options))
            await file.WriteAsync(Convert.ToBase64String(key) + "\n");
        var entropy = new RandomEntropy();
        return new ScaleWorld(
            await VaultStore.OpenPostgresAsync(database, null, new LedgerEntryWriter(entropy), cancellationToken),
            new LocalKeyWrapper(key, entropy)
        );
    }

    public async ValueTask DisposeAsync()
    {
        Keyring.Dispose();
        _wrapper.Dispose();
        await Store.DisposeAsync();
    }
}
