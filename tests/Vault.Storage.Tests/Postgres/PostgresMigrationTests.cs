using Npgsql;
using Vault.Core.Persistence;
using Vault.Storage.Schema;
using Vault.TestKit.Contracts;
using Vault.TestKit.Postgres;

namespace Vault.Storage.Tests.Postgres;

public sealed class PostgresMigrationTests
{
    [Fact]
    public async Task Hosts_that_start_at_once_migrate_once()
    {
        var database = await ThrowawayPostgres.CreateDatabaseAsync("start");
        var stores = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(_ => VaultStore.OpenPostgresAsync(database, null, StoreUnderTest.EntryWriter(), default))
        );
        var row = new StoreRows().Organization();
        Assert.Equal(WriteOutcome.Written, await stores[0].Organizations.InsertAsync(row, [], default));
        foreach (var store in stores)
        {
            Assert.NotNull(await store.Organizations.FindAsync(row.Id, default));
            await store.PingAsync(default);
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        var database = await ThrowawayPostgres.CreateDatabaseAsync("newer");
        await (
            await VaultStore.OpenPostgresAsync(database, null, StoreUnderTest.EntryWriter(), default)
        ).DisposeAsync();
        await ThrowawayPostgres.ExecuteAsync(database, "insert into vault.schema_version values (99, 'future')");
        var e = await Assert.ThrowsAsync<SchemaTooNewException>(() =>
            VaultStore.OpenPostgresAsync(database, null, StoreUnderTest.EntryWriter(), default)
        );
        Assert.Contains("99", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_has_the_sweepers_function_from_an_earlier_first_step_comes_to_step_3()
    {
        var database = await ThrowawayPostgres.CreateDatabaseAsync("early");
        await (
            await VaultStore.OpenPostgresAsync(database, null, StoreUnderTest.EntryWriter(), default)
        ).DisposeAsync();
        var third = Migrations.Of("postgres").Single(m => m.Version == 3);
        await ThrowawayPostgres.ExecuteAsync(database, "set search_path = vault; " + third.Sql);
        await using var store = await VaultStore.OpenPostgresAsync(
            database,
            null,
            StoreUnderTest.EntryWriter(),
            default
        );
        Assert.Empty(
            await store.Accounts.FindDueAsync(DateTimeOffset.UnixEpoch.AddYears(50), [0], 1, 10, ["busy"], default)
        );
    }

    [Fact]
    public async Task An_owner_and_an_application_login_work_without_an_administrator()
    {
        var server = await ThrowawayPostgres.ServerAsync();
        // What roles.sql does for an owner that may not create roles.
        await (
            await VaultStore.OpenPostgresAsync(
                await ThrowawayPostgres.CreateDatabaseAsync("roles"),
                null,
                StoreUnderTest.EntryWriter(),
                default
            )
        ).DisposeAsync();
        var (owner, login) = ("owner_" + Environment.ProcessId, "login_" + Environment.ProcessId);
        await ThrowawayPostgres.ExecuteAsync(
            server,
            $"create role {owner} login; create role {login} login; grant vault_app, vault_system to {owner} with admin option"
        );
        var database = new NpgsqlConnectionStringBuilder(await ThrowawayPostgres.CreateDatabaseAsync("two", owner));
        var (asOwner, asLogin) = (With(database, owner), With(database, login));

        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            VaultStore.OpenPostgresAsync(asLogin, null, StoreUnderTest.EntryWriter(), default)
        );
        await using var store = await VaultStore.OpenPostgresAsync(
            asLogin,
            asOwner,
            StoreUnderTest.EntryWriter(),
            default
        );
        var make = new StoreRows();
        var row = make.Organization();
        Assert.Equal(WriteOutcome.Written, await store.Organizations.InsertAsync(row, [make.Draft(row.Id)], default));
        var account = make.Account(row.Id, dueAt: make.Now);
        Assert.Equal(WriteOutcome.Written, await store.Accounts.InsertAsync(account, GateCheck.OpenAt(1), [], default));
        Assert.Single(await store.Accounts.FindDueAsync(make.Now.AddDays(1), [0], 1, 10, [], default));
        Assert.Single((await store.Organizations.ListAsync(null, 10, null, default)).Items);
        Assert.Single(await store.Ledger.ReadOutboxAsync(10, default));

        // Once admitted, the application's login starts alone; and no login, not even the owner's, sees a row without
        // naming an organization.
        await using (await VaultStore.OpenPostgresAsync(asLogin, null, StoreUnderTest.EntryWriter(), default))
        {
            foreach (var connectionString in new[] { asLogin, asOwner })
            {
                await using var connection = new NpgsqlConnection(connectionString);
                await connection.OpenAsync();
                await using var command = new NpgsqlCommand(
                    "select (select count(*) from vault.accounts) + (select count(*) from vault.ledger_outbox)",
                    connection
                );
                Assert.Equal(0L, await command.ExecuteScalarAsync());
            }
        }
    }

    private static string With(NpgsqlConnectionStringBuilder database, string user) =>
        new NpgsqlConnectionStringBuilder(database.ToString()) { Username = user }.ToString();
}
