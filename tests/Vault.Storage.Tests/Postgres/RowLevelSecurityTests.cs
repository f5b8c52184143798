using Npgsql;
using Vault.Core.Execution;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests.Postgres;

/// <summary>
/// The database says "organization first" a second time: plain SQL under the application's role, without any
/// <c>where</c>.
/// </summary>
public sealed class RowLevelSecurityTests(PostgresFixture database) : StoreContract, IClassFixture<PostgresFixture>
{
    /// <summary>Tables that hold nothing of any organization. Everything else must be closed.</summary>
    private static readonly string[] Open = ["master_keys", "packs", "refresh_notes", "schema_version"];

    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();

    [Fact]
    public async Task Every_table_shows_the_named_organization_and_nothing_else()
    {
        var mine = await FillAsync();
        var other = (await OrganizationAsync()).Id.Value;
        await using var connection = new NpgsqlConnection(database.Administrator);
        await connection.OpenAsync();
        var tables = await TextsAsync(connection, "select tablename from pg_tables where schemaname = 'vault'");
        Assert.Equal(18, tables.Count);
        foreach (var table in tables.Except(Open))
        {
            Assert.True(await CountAsync(connection, table) > 0, $"The test puts no row into {table}.");
            var closed = await TextsAsync(
                connection,
                $"select (relrowsecurity and relforcerowsecurity)::text from pg_class where oid = 'vault.{table}'::regclass"
            );
            Assert.Equal(["true"], closed);
        }

        await RunAsync(connection, "set role vault_app");
        foreach (var table in tables.Except(Open))
        {
            foreach (
                var (setting, sees) in new[]
                {
                    (null, false),
                    ("", false),
                    ("*", false),
                    ("platform", false),
                    (other, table == "organizations"),
                    (mine, true),
                }
            )
            {
                await RunAsync(
                    connection,
                    setting is null ? "reset vault.organization" : $"set vault.organization = '{setting}'"
                );
                Assert.True(sees == await CountAsync(connection, table) > 0, $"{table} as '{setting}'");
            }
        }
    }

    [Fact]
    public async Task Nothing_is_written_for_another_organization()
    {
        var mine = await FillAsync();
        var other = (await OrganizationAsync()).Id.Value;
        await using var connection = await ApplicationAsync(other);
        foreach (var table in new[] { "accounts", "connections", "links", "approvals", "outputs", "idempotency" })
        {
            Assert.Equal(0, await RunAsync(connection, $"delete from vault.{table}"));
            await RefusedAsync(
                connection,
                $"insert into vault.{table} select * from json_populate_record(null::vault.{table}, json_build_object('organization_id', '{mine}'))"
            );
        }

        Assert.Equal(
            0,
            await RunAsync(connection, $"update vault.organizations set gate_open = true where id = '{mine}'")
        );
    }

    [Fact]
    public async Task The_application_cannot_rewrite_the_ledger_or_forget_a_key()
    {
        await using var connection = await ApplicationAsync(await FillAsync());
        foreach (
            var sql in new[]
            {
                "delete from vault.ledger_entries",
                "update vault.ledger_entries set hash = prev_hash",
                "update vault.ledger_entries set seq = seq + 1",
                "insert into vault.ledger_entries select * from vault.ledger_entries",
                "update vault.ledger_heads set seq = 0",
                "delete from vault.ledger_heads",
                "delete from vault.ledger_outbox",
                "update vault.ledger_outbox set body = ''",
                "delete from vault.organization_keys",
                "delete from vault.organizations",
                "update vault.schema_version set version = 0",
                "create table vault.mine (id text)",
                "alter table vault.accounts disable row level security",
            }
        )
            await RefusedAsync(connection, sql);
    }

    [Fact]
    public async Task What_looks_across_organizations_reads_nothing_sealed()
    {
        await using var connection = new NpgsqlConnection(database.Administrator);
        await connection.OpenAsync();
        await RunAsync(connection, "set role vault_system");
        foreach (
            var column in new[]
            {
                "accounts.state",
                "accounts.grant_blob",
                "accounts.credential",
                "links.code_verifier",
                "links.request",
                "outputs.body",
                "idempotency.body",
                "api_keys.secret_hash",
                "ledger_entries.body",
                "connections.client_secret",
            }
        )
            await RefusedAsync(connection, $"select {column} from vault.{column.Split('.')[0]}");
        await RefusedAsync(connection, "select * from vault.connections");
        await RefusedAsync(connection, "create function vault.more() returns int language sql as 'select 1'");

        var foreign = await TextsAsync(
            connection,
            "select proname::text from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = 'vault' and (not prosecdef or pg_get_userbyid(proowner) <> 'vault_system')"
        );
        Assert.Empty(foreign);
    }

    // A row in every table.
    private async Task<string> FillAsync()
    {
        var row = Make.Organization();
        await Store.Organizations.InsertAsync(row, [Make.Draft(row.Id)], default);
        var id = row.Id;
        var account = Make.Account(id);
        await Store.Accounts.InsertAsync(account, GateCheck.None, [], default);
        await Store.ScopeUses.AddAsync([new(id, account.Id, "read", 1, Make.Now, 0, null)], default);
        await Store.Connections.InsertAsync(Make.Connection(id), GateCheck.None, [], default);
        await Store.Links.InsertAsync(Make.Link(id), GateCheck.None, [], default);
        await Store.ApiKeys.InsertAsync(Make.ApiKey(id), default);
        await Store.Approvals.InsertAsync(Make.Approval(id), default);
        await Store.Outputs.PutAsync(new StoredOutput(id, "exe_1", "text/plain", 1, Make.Blob(1), Make.Now), default);
        await Store.Idempotency.ClaimAsync(
            id,
            new IdempotentResponse("s", "k", "d", null, null, null, Make.Now, Make.Now.AddHours(1)),
            Make.Now,
            default
        );
        await Store.Keys.TryInsertAsync(Make.Key(id), default);
        await Store.KeyRotations.TrySaveAsync(
            new KeyRotationRow(id, 2, KeyRotationPhase.Preparing, null, 0, Make.Now, Make.Now, 1),
            0,
            [],
            default
        );
        var pending = StoreUnderTest.EntryWriter().Write(Make.Draft(id));
        var entry = LedgerChain.Link(LedgerHead.Genesis, pending, LedgerHash.Of(pending.Body.Span));
        await Store.Ledger.AppendAsync([new LedgerGroup(id, LedgerHead.Genesis, [entry], [])], default);
        return id.Value;
    }

    private async Task<NpgsqlConnection> ApplicationAsync(string organization)
    {
        var connection = new NpgsqlConnection(database.Administrator);
        await connection.OpenAsync();
        await RunAsync(connection, $"set role vault_app; set vault.organization = '{organization}'");
        return connection;
    }

    private static async Task RefusedAsync(NpgsqlConnection connection, string sql) =>
        Assert.Equal(
            PostgresErrorCodes.InsufficientPrivilege,
            (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, sql))).SqlState
        );

    private static async Task<int> RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string table)
    {
        await using var command = new NpgsqlCommand($"select count(*) from vault.{table}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<List<string>> TextsAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return texts;
    }
}
