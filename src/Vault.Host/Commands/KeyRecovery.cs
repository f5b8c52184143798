using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Host.Composition;
using Vault.Host.Options;

namespace Vault.Host.Commands;

/// <summary>
/// Creates an administrator's key for an operator who has none left. The database alone is not enough: the master key
/// must open the database's check value, so a thief who restores a backup recovers nothing.
/// </summary>
public static class KeyRecovery
{
    public static async Task<int> RunAsync(VaultOptions options, TextWriter to, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(to);
        var entropy = new SystemEntropy();
        var entryWriter = new LedgerEntryWriter(entropy);
        // Needs no lock on the data folder, so the command works while a host runs.
        await using var store = await StoreSetup.OpenAsync(options, entryWriter, cancellationToken);
        if (!await store.ApiKeys.AnyAsync(cancellationToken))
            throw new StartException("The database has no API key yet; the first start of a host creates one.");
        // A database in which nothing is sealed yet would take a new master key; a recovery needs one it has seen.
        var known = await store.MasterKeys.ListAsync(cancellationToken);
        var wrapper = File.Exists(options.MasterKeyFile)
            ? await MasterKeys.OpenAsync(options, store, entropy, cancellationToken)
            : null;
        using var masterKey = wrapper as IDisposable;
        if (known.All(k => k.Id != wrapper?.MasterKeyId))
            throw new StartException(
                $"{options.MasterKeyFile} is no master key of this database; give its file as VAULT_MASTER_KEY_FILE "
                    + "(--master-key-file)."
            );
        await using var ledger = new LedgerWriter(store.Ledger, entryWriter, TimeProvider.System);
        var keys = new ApiKeys(
            store.ApiKeys,
            ledger,
            new IdFactory(TimeProvider.System, entropy),
            entropy,
            TimeProvider.System,
            new CallerOptions()
        );
        var made = await keys.RecoverAsync(cancellationToken);
        if (!made.TryGet(out var issued, out var refused))
            throw new StartException("The key could not be created: " + refused.Detail);
        using (issued)
        {
            var file = AdminKeyFile.Write(options.AdminKeyFile, issued.Text);
            await to.WriteLineAsync($"The administrator's key {issued.Row.Id} is in {file}");
            await to.WriteLineAsync(
                "It has no end; revoke what nobody should have any more: vaultctl keys revoke KEY --compromised"
            );
        }

        return 0;
    }
}
