using System.Security.Cryptography;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using Vault.Host.Options;
using Vault.Storage;
using Vault.Storage.Stores;

namespace Vault.Host.Composition;

/// <summary>
/// The key wrapper the options ask for: the local master key, with its predecessors readable until every key is wrapped
/// again. It is checked against the database before anything is sealed under it.
/// </summary>
public static class MasterKeys
{
    /// <exception cref="StartException">A key file is missing or no key, or the keys are not those of this
    /// database.</exception>
    public static async Task<IKeyWrapper> OpenAsync(
        VaultOptions options,
        VaultStore store,
        IEntropy entropy,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(store);
        var needed = await NeededAsync(options, store, cancellationToken);
        var current = Wrapper(options.MasterKeyFile, MayGenerate(options, needed), entropy);
        try
        {
            List<LocalKeyWrapper> previous =
            [
                .. options.PreviousMasterKeyFiles.Select(f => Wrapper(f, mayGenerate: false, entropy)),
            ];
            IKeyWrapper wrapper = previous.Count == 0 ? current : new CompositeKeyWrapper(current, [.. previous]);
            await CheckAsync(
                options,
                store,
                wrapper,
                [current.MasterKeyId, .. previous.Select(p => p.MasterKeyId)],
                cancellationToken
            );
            return wrapper;
        }
        catch
        {
            current.Dispose();
            throw;
        }
    }

    // A database whose organizations have keys cannot be opened by a new master key: to make one there would replace
    // the lost one silently. On PostgreSQL the first host's key binds the others also before there is an organization.
    private static bool MayGenerate(VaultOptions options, IReadOnlyList<string> needed)
    {
        if (options.MasterKeyFile != Path.Combine(options.Data, "master.key"))
            return false;
        if (needed.Count == 0 || File.Exists(options.MasterKeyFile))
            return true;
        throw new StartException(
            $"There is no master key file {options.MasterKeyFile}, and the database needs the master key {Names(needed)}: "
                + "put the file back, or give its place as VAULT_MASTER_KEY_FILE (--master-key-file). A new key would "
                + "open nothing that is in the database, so none is made."
        );
    }

    private static async Task CheckAsync(
        VaultOptions options,
        VaultStore store,
        IKeyWrapper wrapper,
        IReadOnlyList<string> given,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            var missing = (await NeededAsync(options, store, cancellationToken)).Except(given).ToList();
            if (missing.Count > 0)
            {
                throw new StartException(
                    $"The master key {Names(missing)} is needed by the database and is not given: {options.MasterKeyFile} "
                        + $"holds {wrapper.MasterKeyId}. Give the file that this database was used with as "
                        + "VAULT_MASTER_KEY_FILE (--master-key-file), or, while keys are still wrapped under it, as "
                        + "VAULT_PREVIOUS_MASTER_KEY_FILES (--previous-master-key-files)."
                );
            }

            var known = await store.MasterKeys.ListAsync(cancellationToken);
            foreach (var key in known.Where(k => given.Contains(k.Id)))
            {
                if (!await MasterKeyCheck.OpensAsync(wrapper, key.Id, key.CheckValue, cancellationToken))
                {
                    throw new StartException(
                        $"The key check value of the master key {key.Id} does not open: the row of table master_keys was "
                            + "changed, or VAULT_MASTER_KEY_FILE (--master-key-file) is another database's. Restore the "
                            + "database or the key file that belong together."
                    );
                }
            }

            if (known.Any(k => k.Id == wrapper.MasterKeyId))
                return;

            // Two hosts that add different keys to an empty database want the same number: the loser looks again, and
            // is refused above.
            var check = await MasterKeyCheck.MakeAsync(wrapper, cancellationToken);
            var next = new StoredMasterKey(
                known.Count == 0 ? 1 : known[^1].Number + 1,
                wrapper.MasterKeyId,
                check,
                TimeProvider.System.GetUtcNow()
            );
            if (await store.MasterKeys.TryInsertAsync(next, cancellationToken))
                return;
        }
    }

    private static async Task<IReadOnlyList<string>> NeededAsync(
        VaultOptions options,
        VaultStore store,
        CancellationToken cancellationToken
    )
    {
        var inUse = await store.MasterKeys.ListInUseAsync(cancellationToken);
        if (inUse.Count > 0 || !options.Postgres)
            return inUse;
        return [.. (await store.MasterKeys.ListAsync(cancellationToken)).TakeLast(1).Select(k => k.Id)];
    }

    private static string Names(IReadOnlyList<string> ids) => string.Join(" and ", ids);

    private static LocalKeyWrapper Wrapper(string file, bool mayGenerate, IEntropy entropy)
    {
        var key = MasterKeyFile.Read(file, mayGenerate);
        try
        {
            return new LocalKeyWrapper(key, entropy);
        }
        catch (ArgumentException e)
        {
            throw new StartException($"The master key in {file} cannot be used: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
