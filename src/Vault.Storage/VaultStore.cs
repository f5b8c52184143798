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
/// An open database with all store ports. Opening it migrates the schema. All members are thread-safe, and each call is
/// one transaction. An unavailable database throws <see cref="Vault.Core.Errors.StoreUnavailableException"/>; an
/// invalid page token throws <see cref="Vault.Core.Errors.InvalidCursorException"/>.
/// </summary>
public sealed class VaultStore : IAsyncDisposable
{
    private readonly IDatabase _database;
    private readonly ILedgerAppender _appender;

    private VaultStore(IDatabase database, ILedgerAppender appender)
    {
        (_database, _appender) = (database, appender);
        Accounts = new SqlAccountStore(database);
        RefreshNotes = new SqlRefreshNotes(database);
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

    public IRefreshNotes RefreshNotes { get; }

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

    /// <summary>All sealed values, for key rotation.</summary>
    public IResealSource Sealed { get; }

    /// <summary>The chain and the outbox.</summary>
    public ILedgerStore Ledger { get; }

    /// <summary>
    /// The state of grains; null on PostgreSQL, where Orleans' own provider stores it (<see cref="ClusterSchema"/>).
    /// </summary>
    public GrainStateTable? GrainStates { get; }

    /// <summary>Opens a database in one file, for one host. Creates the file and its folder if needed.</summary>
    /// <param name="path">The file; its <c>-wal</c> and <c>-shm</c> files are in the same folder.</param>
    /// <param name="entryWriter">Serializes the ledger drafts that go to the outbox.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
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
    /// Opens a PostgreSQL database, for any number of hosts. The owner's login migrates the schema <c>vault</c>. All
    /// other statements run as the role <c>vault_app</c> under row-level security.
    /// </summary>
    /// <param name="connectionString">The application's login. Without an owner's connection string this login must own
    /// the schema, or the schema must be up to date.</param>
    /// <param name="ownerConnectionString">The login that migrates the schema and makes the application's login a
    /// member of <c>vault_app</c>; null for the application's login.</param>
    /// <param name="entryWriter">Serializes the ledger drafts that go to the outbox.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
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
            var (source, ledger) = (
                PostgresConnections.Source(connectionString),
                PostgresConnections.LedgerSource(connectionString)
            );
            try
            {
                await PostgresConnections.VerifyAsync(source, cancellationToken);
                await PostgresConnections.VerifyAsync(ledger, cancellationToken);
                return new VaultStore(
                    new PostgresDatabase(source, entryWriter),
                    new PostgresLedgerAppender(new PostgresDatabase(ledger, entryWriter))
                );
            }
            catch
            {
                await source.DisposeAsync();
                await ledger.DisposeAsync();
                throw;
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new InvalidOperationException(
                "The database login may not migrate or may not become vault_app: run "
                    + "silo-config/postgres/roles.sql as an administrator, "
                    + "or give the owner's connection string too.",
                e
            );
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, sentWrite: false);
        }
    }

    /// <summary>Throws when the database does not respond.</summary>
    /// <returns>The time of the database's clock; null when it has none.</returns>
    public Task<DateTimeOffset?> PingAsync(CancellationToken cancellationToken) =>
        _database.PingAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_appender is IAsyncDisposable appender)
            await appender.DisposeAsync();
        await _database.DisposeAsync();
    }
}
