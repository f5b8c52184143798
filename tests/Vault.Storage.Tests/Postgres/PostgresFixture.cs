using Vault.TestKit.Contracts;
using Vault.TestKit.Postgres;

namespace Vault.Storage.Tests.Postgres;

/// <summary>A database for one test class; emptied before every test.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private VaultStore? _store;

    /// <summary>The administrator's connection string to the class's database.</summary>
    public string Administrator { get; private set; } = "";

    public async Task InitializeAsync()
    {
        Administrator = await ThrowawayPostgres.CreateDatabaseAsync("test");
        _store = await VaultStore.OpenPostgresAsync(Administrator, null, StoreUnderTest.EntryWriter(), default);
    }

    public async Task<StorePorts> OpenAsync()
    {
        await ThrowawayPostgres.ExecuteAsync(
            Administrator,
            """
            do $$ begin execute (select 'truncate ' || string_agg(format('vault.%I', tablename), ', ') || ' restart identity'
              from pg_tables where schemaname = 'vault' and tablename <> 'schema_version'); end $$
            """
        );
        return StoreUnderTest.Ports(_store!, () => ValueTask.CompletedTask);
    }

    public async Task DisposeAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
    }
}
