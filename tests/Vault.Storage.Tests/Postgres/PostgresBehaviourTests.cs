using Npgsql;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Postgres;
using Vault.Storage.Sql;
using Vault.TestKit;
using Vault.TestKit.Contracts;
using Vault.TestKit.Postgres;

namespace Vault.Storage.Tests.Postgres;

/// <summary>What only a database across a wire can do: wait for a lock, lose a reply, end a connection.</summary>
public sealed class PostgresBehaviourTests(PostgresFixture database) : StoreContract, IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();

    [Theory]
    [InlineData(true, WriteOutcome.GateShut)]
    [InlineData(false, WriteOutcome.Written)]
    public async Task A_write_waits_for_a_gate_that_is_being_shut(bool commit, WriteOutcome expected)
    {
        var organization = await OrganizationAsync();
        var existing = await AccountAsync(organization.Id);
        await using var shutting = new NpgsqlConnection(database.Administrator);
        await shutting.OpenAsync();
        await using (var transaction = await shutting.BeginTransactionAsync())
        {
            await RunAsync(
                shutting,
                $"update vault.organizations set gate_open = false, gate_epoch = 2 where id = '{organization.Id.Value}'"
            );
            var insert = Store.Accounts.InsertAsync(
                Make.Account(organization.Id),
                GateCheck.OpenAt(1),
                [Make.Draft(organization.Id)],
                default
            );
            var update = Store.Accounts.UpdateAsync(
                existing with
                {
                    Provider = "x",
                },
                1,
                GateCheck.OpenAt(1),
                [],
                default
            );
            await WaitingAsync(2, insert, update);
            await (commit ? transaction.CommitAsync() : transaction.RollbackAsync());
            Assert.Equal(expected, await insert);
            Assert.Equal(expected, await update);
        }

        Assert.Equal(commit ? 0 : 1, (await Store.Ledger.ReadOutboxAsync(10, default)).Count);
    }

    [Fact]
    public async Task A_gate_waits_for_a_write_that_holds_it_and_a_commit_never_waits_for_a_gate()
    {
        var organization = await OrganizationAsync();
        var row = await AccountAsync(organization.Id);
        await using var writing = new NpgsqlConnection(database.Administrator);
        await writing.OpenAsync();
        await using var transaction = await writing.BeginTransactionAsync();
        await RunAsync(
            writing,
            $"select 1 from vault.organizations where id = '{organization.Id.Value}' and gate_open for share"
        );
        var shut = SwitchAsync(organization, open: false);
        await WaitingAsync(1, shut);
        // The gate's change waits; recording an outcome asks for no gate and does not.
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Accounts.UpdateAsync(row with { Provider = "x" }, 1, GateCheck.None, [], default)
        );
        await transaction.CommitAsync();
        await shut;
    }

    [Fact]
    public async Task Every_operation_is_one_round_trip()
    {
        var settings = new NpgsqlConnectionStringBuilder(database.Administrator);
        await using var relay = new TcpRelay(settings.Port);
        settings.Port = relay.Port;
        settings.MaxPoolSize = 1;
        await using var store = await VaultStore.OpenPostgresAsync(
            settings.ToString(),
            null,
            StoreUnderTest.EntryWriter(),
            default
        );
        var organization = await OrganizationAsync();
        var row = await AccountAsync(organization.Id);
        var link = Make.Link(organization.Id);
        await store.Links.InsertAsync(link, GateCheck.None, [], default);

        await OnceAsync(() => store.Accounts.FindAsync(row.Key, default));
        await OnceAsync(() => store.Accounts.FindForUserAsync(organization.Id, row.Key.User, "slack", default));
        await OnceAsync(() => store.Links.FindByTokenAsync(link.TokenHash, default));
        await OnceAsync(() => store.ApiKeys.FindAsync("key_1", default));
        await OnceAsync(() => store.Accounts.FindDueAsync(Make.Now, [0], 4, 10, [], default));
        var version = 1L;
        await OnceAsync(() =>
            store.Accounts.UpdateAsync(
                row,
                version++,
                GateCheck.OpenAt(1),
                [Make.Draft(organization.Id), Make.Draft(organization.Id)],
                default
            )
        );
        await OnceAsync(() =>
            store.Accounts.TouchAsync(
                [(organization.Id, row.Id, Make.Now.AddMinutes(version++)), (Make.Organization().Id, row.Id, Make.Now)],
                default
            )
        );
        await OnceAsync(() =>
            store.Idempotency.ClaimAsync(
                organization.Id,
                new("s", "k", "d", null, null, null, Make.Now, Make.Now.AddHours(1)),
                Make.Now,
                default
            )
        );
        var head = LedgerHead.Genesis;
        await OnceAsync(async () =>
        {
            var pending = StoreUnderTest.EntryWriter().Write(Make.Draft(organization.Id));
            var entry = LedgerChain.Link(head, pending, LedgerHash.Of(pending.Body.Span));
            head = (await store.Ledger.AppendAsync([new LedgerGroup(organization.Id, head, [entry], [])], default))[
                0
            ].Head;
        });

        // Three times: unprepared, while preparing, prepared.
        async Task OnceAsync(Func<Task> operation)
        {
            for (var i = 0; i < 3; i++)
            {
                var before = relay.RoundTrips;
                await operation();
                Assert.Equal(before + 1, relay.RoundTrips);
            }
        }
    }

    [Fact]
    public async Task A_batch_is_one_transaction_and_its_scope_ends_with_it()
    {
        var settings = new NpgsqlConnectionStringBuilder(database.Administrator) { MaxPoolSize = 1, MinPoolSize = 1 };
        await using var plain = new PostgresDatabase(
            PostgresConnections.Source(settings.ToString()),
            StoreUnderTest.EntryWriter()
        );
        var organization = await OrganizationAsync();
        var connection = Make.Connection(organization.Id);
        await Store.Connections.InsertAsync(connection, GateCheck.None, [], default);
        var scope = Scope.Of(organization.Id);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            plain.BatchAsync(
                [
                    new Step(scope, new Statement("update connections set provider = 'changed'")),
                    new Step(scope, new Statement("select 1 / (select count(*) from accounts)")),
                ],
                default
            )
        );
        Assert.Equal("slack", (await Store.Connections.FindAsync(organization.Id, connection.Id, default))!.Provider);

        // Same connection, no scope: the setting of the batch before is gone.
        Assert.Equal(
            1,
            Assert.Single(
                await plain.BatchAsync(
                    [new Step(scope, new Statement("update connections set provider = 'changed'"))],
                    default
                )
            )
        );
        var left = await plain.ReadAsync(
            Scope.None,
            new Statement("select coalesce(current_setting('vault.organization', true), '')"),
            r => r.GetString(0),
            default
        );
        Assert.Equal([""], left);
        Assert.Empty(
            await plain.ReadAsync(Scope.None, new Statement("select id from connections"), r => r.GetString(0), default)
        );
    }

    [Fact]
    public async Task A_lost_reply_to_a_write_is_unknown_and_a_lost_reply_to_a_read_is_asked_again()
    {
        var settings = new NpgsqlConnectionStringBuilder(database.Administrator);
        await using var relay = new TcpRelay(settings.Port);
        settings.Port = relay.Port;
        await using var store = await VaultStore.OpenPostgresAsync(
            settings.ToString(),
            null,
            StoreUnderTest.EntryWriter(),
            default
        );
        var row = await AccountAsync((await OrganizationAsync()).Id);
        await store.Accounts.FindAsync(row.Key, default);

        relay.LoseNextReply = true;
        var unknown = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            store.Accounts.UpdateAsync(row with { Provider = "sent" }, 1, GateCheck.None, [], default)
        );
        Assert.True(unknown.MayHaveCommitted);
        await relay.ReplyLost.Task;
        Assert.Equal("sent", (await store.Accounts.FindAsync(row.Key, default))!.Row.Provider);

        relay.LoseNextReply = true;
        Assert.Equal(2, (await store.Accounts.FindAsync(row.Key, default))!.Row.Version);
    }

    [Fact]
    public async Task Connections_that_the_server_ended_are_replaced()
    {
        var row = await AccountAsync((await OrganizationAsync()).Id);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.Accounts.FindAsync(row.Key, default)));
        await ThrowawayPostgres.ExecuteAsync(
            database.Administrator,
            "select pg_terminate_backend(pid, 30000) from pg_stat_activity where datname = current_database() and application_name = 'vault'"
        );
        Assert.NotNull(await Store.Accounts.FindAsync(row.Key, default));
        Assert.Equal(WriteOutcome.Written, await Store.Accounts.UpdateAsync(row, 1, GateCheck.None, [], default));
    }

    [Fact]
    public async Task A_server_that_has_no_session_left_is_waited_for()
    {
        var role = "few_" + Guid.NewGuid().ToString("N");
        await ThrowawayPostgres.ExecuteAsync(database.Administrator, $"create role {role} login connection limit 2");
        var settings = new NpgsqlConnectionStringBuilder(database.Administrator) { Username = role, MaxPoolSize = 4 };
        await using var store = await VaultStore.OpenPostgresAsync(
            settings.ToString(),
            database.Administrator,
            StoreUnderTest.EntryWriter(),
            default
        );
        var row = await AccountAsync((await OrganizationAsync()).Id);

        // Four ask for a session at once, the server gives two: the others are told 53300 and wait.
        var found = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => store.Accounts.FindAsync(row.Key, default)));
        Assert.All(found, Assert.NotNull);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_unavailable_and_nothing_was_written()
    {
        using var closed = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        var port = ((System.Net.IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var e = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            VaultStore.OpenPostgresAsync(
                $"Host=127.0.0.1;Port={port};Username=x;Password=hunter2",
                null,
                StoreUnderTest.EntryWriter(),
                default
            )
        );
        Assert.False(e.MayHaveCommitted);
        Assert.DoesNotContain("hunter2", e.ToString(), StringComparison.Ordinal);

        var malformed = await Assert.ThrowsAsync<ArgumentException>(() =>
            VaultStore.OpenPostgresAsync("Host=x;Pasword=hunter2", null, StoreUnderTest.EntryWriter(), default)
        );
        Assert.DoesNotContain("hunter2", malformed.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=h;Username=u", 5, 15, 30)]
    [InlineData("Host=h;Username=u;Timeout=9;Command Timeout=60;Maximum Pool Size=7", 9, 60, 7)]
    public void Timeouts_are_short_and_pools_small_unless_given(
        string connectionString,
        int connect,
        int command,
        int pool
    )
    {
        var settings = PostgresConnections.Settings(connectionString);
        Assert.Equal((connect, command, pool), (settings.Timeout, settings.CommandTimeout, settings.MaxPoolSize));
    }

    [Fact]
    public async Task A_transaction_that_the_server_undid_for_another_is_run_again()
    {
        // The schedule: we hold b, the other holds a and waits for b, then we want a. The server finds the circle at
        // our wait and undoes ours.
        var organization = await OrganizationAsync();
        var (a, b) = (await AccountAsync(organization.Id), await AccountAsync(organization.Id));
        await using var plain = new PostgresDatabase(
            PostgresConnections.Source(database.Administrator),
            StoreUnderTest.EntryWriter()
        );
        await using var barrier = new NpgsqlConnection(database.Administrator);
        await barrier.OpenAsync();
        await RunAsync(barrier, "select pg_advisory_lock(1)");
        await using var other = new NpgsqlConnection(database.Administrator);
        await other.OpenAsync();
        await RunAsync(other, "set deadlock_timeout = '60s'");
        await using var transaction = await other.BeginTransactionAsync();
        await RunAsync(other, Add(a));

        var runs = 0;
        var ours = plain.BatchAsync(
            [Ours(Add(b)), Ours("select pg_advisory_xact_lock_shared(1)", () => runs++), Ours(Add(a))],
            default
        );
        await WaitingAsync(1, ours);
        var theirs = RunAsync(other, Add(b));
        await WaitingAsync(2, ours, theirs);
        await RunAsync(barrier, "select pg_advisory_unlock(1)");
        await theirs;
        await transaction.CommitAsync();
        await ours;
        // Three when our second run takes b before the other, woken by our rollback, gets there.
        Assert.InRange(runs, 2, 3);
        foreach (var row in new[] { a, b })
            Assert.Equal(5, (await Store.Accounts.FindAsync(row.Key, default))!.Row.CredentialGeneration);

        Step Ours(string sql, Action? ran = null) =>
            new(Scope.Of(organization.Id), new Statement(sql), ran is null ? null : _ => ran());
        static string Add(AccountRow row) =>
            $"update vault.accounts set credential_generation = credential_generation + 1 where id = '{row.Id.Value}'";
    }

    // Until that many sessions of this database wait for a lock (the server says so, no clock is asked), or an
    // operation that should wait has not.
    private async Task WaitingAsync(long sessions, params Task[] operations)
    {
        await using var connection = new NpgsqlConnection(database.Administrator);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            connection
        );
        await Eventually.UntilAsync(
            async () => (long)(await command.ExecuteScalarAsync())!,
            waiting =>
            {
                if (waiting >= sessions)
                    return true;
                Assert.DoesNotContain(operations, o => o.IsCompleted);
                return false;
            }
        );
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
