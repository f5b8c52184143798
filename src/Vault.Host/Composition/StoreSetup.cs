using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Host.Options;
using Vault.Storage;
using Vault.Storage.Schema;
using Vault.Storage.Spool;

namespace Vault.Host.Composition;

/// <summary>Opens the configured database and migrates its schema.</summary>
public static class StoreSetup
{
    /// <exception cref="StartException">The database is unreachable or was migrated by a newer version.</exception>
    public static async Task<VaultStore> OpenAsync(
        VaultOptions options,
        LedgerEntryWriter entryWriter,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return options.Postgres
                ? await VaultStore.OpenPostgresAsync(
                    options.Database!,
                    options.DatabaseOwner,
                    entryWriter,
                    cancellationToken
                )
                : await VaultStore.OpenSqliteAsync(
                    Path.Combine(options.Data, "vault.db"),
                    entryWriter,
                    cancellationToken
                );
        }
        catch (Exception e) when (e is StoreUnavailableException or SchemaTooNewException or ArgumentException)
        {
            throw new StartException(
                (options.Postgres ? "The PostgreSQL database cannot be used: " : "The SQLite database cannot be used: ")
                    + e.Message
            );
        }
    }

    public static FileReplySpool OpenSpool(VaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return FileReplySpool.Open(Path.Combine(options.Data, "spool"));
    }
}
