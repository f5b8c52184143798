using Npgsql;
using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Execution;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Scopes;
using Vault.Core.Sealing;
using Vault.Storage.Cluster;
using Vault.Storage.Postgres;
using Vault.Storage.Sql;
using Vault.Storage.Sqlite;
using Vault.Storage.Stores;

namespace Vault.Storage;

/// <summary>
/// One open database and every store port on it. Opening migrates the schema. All members may be used from many
/// threads; each call is one transaction. A database that cannot answer is a
/// <see cref="Vault.Core.Errors.StoreUnavailableException"/>, a page token that is not one an
/// <see cref="Vault.Core.Errors.InvalidCursorException"/>.
/// </summary>
public sealed class VaultStore : IAsyncDisposable
{
    private readonly IDatabase _database;
    private readonly ILedgerAppender _appender;

    private VaultStore(IDatabase database, ILedgerAppender appender)
    {
        (_database, _appender) = (database, appender);
        Accounts = new SqlAccountStore(database);
        Organizations = new SqlOrganizationStore(database);
        Connections = new SqlConnectionStore(database);
        ApiKeys = new SqlApiKeyStore(database);
        Links = new SqlLinkStore(database);
        Idempotency = new SqlIdempotencyStore(database);
        Outputs = new SqlOutputStore(database);
        Approvals = new SqlApprovalStore(database);
        Packs = new SqlPackStore(database);
        ScopeUses = new SqlScopeUseStore(database);
        Keys = new SqlOrganizationKeyStore(database);
        MasterKeys = new MasterKeyTable(database);
        KeyRotations = new SqlKeyRotationStore(database);
        Sealed = new SqlResealSource(database);
        Ledger = new SqlLedgerStore(database, appender);
        GrainStates = database.IsPostgres ? null : new GrainStateTable(database);
    }

    public IAccountStore Accounts { get; }

    public IOrganizationStore Organizations { get; }

    public IConnectionStore Connections { get; }

    public IApiKeyStore ApiKeys { get; }

    public ILinkStore Links { get; }

    public IIdempotencyStore Idempotency { get; }

    public IOutputStore Outputs { get; }

    public IApprovalStore Approvals { get; }

    public IPackStore Packs { get; }

    public IScopeUseStore ScopeUses { get; }

    public IOrganizationKeyStore Keys { get; }

    /// <summary>Key check values of the master keys.</summary>
    public MasterKeyTable MasterKeys { get; }

    public IKeyRotationStore KeyRotations { get; }

    /// <summary>Every sealed value, for rotation.</summary>
    public IResealSource Sealed { get; }

    /// <summary>The chain and the outbox.</summary>
    public ILedgerStore Ledger { get; }

    /// <summary>
    /// State of grains; null on PostgreSQL, where Orleans' own provider has it (<see cref="ClusterSchema"/>).
    /// </summary>
    public GrainStateTable? GrainStates { get; }

    /// <summary>A database in one file, for one host. The file and its folder are made when missing.</summary>
    /// <param name="path">The file; its <c>-wal</c> and <c>-shm</c> lie beside it.</param>
    /// <param name="entryWriter">Writes the ledger drafts that go to the outbox.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Vault.Storage.Schema.SchemaTooNewException">A newer program has migrated it.</exception>
    public static Task<VaultStore> OpenSqliteAsync(
        string path,
        LedgerEntryWriter entryWriter,
        CancellationToken cancellationToken
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(entryWriter);
        cancellationToken.ThrowIfCancellationRequested();
        var database = SqliteDatabase.Open(path, entryWriter);
        return Task.FromResult(new VaultStore(database, new SqliteLedgerAppender(database)));
    }

    /// <summary>
    /// A PostgreSQL database, for any number of hosts. The owner's login migrates schema <c>vault</c>; everything else
    /// runs as the role <c>vault_app</c> under row-level security.
    /// </summary>
    /// <param name="connectionString">The application's login. Without an owner's string it must own the schema or find
    /// it up to date.</param>
    /// <param name="ownerConnectionString">Migrates, and makes the application's login a member of <c>vault_app</c>;
    /// null: the application's own.</param>
    /// <param name="entryWriter">Writes the ledger drafts that go to the outbox.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Vault.Storage.Schema.SchemaTooNewException">A newer program has migrated it.</exception>
    public static async Task<VaultStore> OpenPostgresAsync(
        string connectionString,
        string? ownerConnectionString,
        LedgerEntryWriter entryWriter,
        CancellationToken cancellationToken
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        ArgumentNullException.ThrowIfNull(entryWriter);
        var login = ownerConnectionString is null ? null : PostgresConnections.Settings(connectionString).Username;
        try
        {
            await PostgresMigrator.MigrateAsync(ownerConnectionString ?? connectionString, login, cancellationToken);
            var source = PostgresConnections.Source(connectionString);
            try
            {
                await PostgresConnections.VerifyAsync(source, cancellationToken);
                var database = new PostgresDatabase(source, entryWriter);
                return new VaultStore(database, new PostgresLedgerAppender(database));
            }
            catch
            {
                await source.DisposeAsync();
                throw;
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new InvalidOperationException(
                "The database login may not migrate or may not become vault_app: run silo-config/postgres/roles.sql as an administrator, or give the owner's connection string too.",
                e
            );
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, sentWrite: false);
        }
    }

    /// <summary>Whether the database answers; throws when it does not.</summary>
    /// <returns>The time by the database's own clock; null where it has none.</returns>
    public Task<DateTimeOffset?> PingAsync(CancellationToken cancellationToken) =>
        _database.PingAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        (_appender as IDisposable)?.Dispose();
        return _database.DisposeAsync();
    }
}
