using Npgsql;
using Vault.Core.Ledger;
using Vault.TestKit;
using Vault.TestKit.Contracts;
using Vault.TestKit.Postgres;

namespace Vault.Storage.Tests.Postgres;

/// <summary>What an append reads on a database without statistics, where the planner guesses.</summary>
public sealed class LedgerPlanTests
{
    private readonly StoreRows _make = new();

    [Fact]
    public async Task An_append_on_a_fresh_database_reads_no_entry_of_its_chain()
    {
        const int Appends = 400;
        const int Entries = 5;
        var administrator = await ThrowawayPostgres.CreateDatabaseAsync("plan");
        await using (var store = await OpenAsync(administrator))
        {
            await ThrowawayPostgres.ExecuteAsync(
                administrator,
                "alter table vault.ledger_entries set (autovacuum_enabled = off)"
            );
            var organization = _make.Organization();
            await store.Organizations.InsertAsync(organization, [], default);
            var head = LedgerHead.Genesis;
            for (var i = 0; i < Appends; i++)
                head = await AppendAsync(store, organization.Id, head, Entries);
            Assert.Equal(Appends * Entries, head.Seq);
        }

        // The store is closed: its sessions have reported their statistics.
        var read = await Eventually.UntilAsync(
            () => ReadAsync(administrator),
            figures => figures.Inserted == Appends * Entries
        );
        Assert.InRange(read.TuplesRead, 0, 2 * Appends * Entries);
    }

    [Fact]
    public async Task Every_append_uses_one_session()
    {
        var administrator = await ThrowawayPostgres.CreateDatabaseAsync("session");
        await using var store = await OpenAsync(administrator);
        var organization = _make.Organization();
        await store.Organizations.InsertAsync(organization, [], default);
        // Many sessions of the store, which a shared pool would hand out one after the other.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.Organizations.FindAsync(organization.Id, default)));
        var head = LedgerHead.Genesis;
        for (var i = 0; i < 20; i++)
            head = await AppendAsync(store, organization.Id, head, 1);

        await using var connection = new NpgsqlConnection(administrator);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select count(*) from pg_stat_activity where datname = current_database() and query like '%ledger_extend%' "
                + "and pid <> pg_backend_pid()",
            connection
        );
        Assert.Equal(1L, await command.ExecuteScalarAsync());
    }

    private static Task<VaultStore> OpenAsync(string administrator) =>
        VaultStore.OpenPostgresAsync(administrator, null, StoreUnderTest.EntryWriter(), default);

    private async Task<LedgerHead> AppendAsync(
        VaultStore store,
        Vault.Core.Identity.OrganizationId organization,
        LedgerHead head,
        int count
    )
    {
        var entries = new List<LedgerEntry>();
        var last = head;
        for (var i = 0; i < count; i++)
        {
            var pending = StoreUnderTest.EntryWriter().Write(_make.Draft(organization));
            entries.Add(LedgerChain.Link(last, pending, LedgerHash.Of(pending.Body.Span)));
            last = new LedgerHead(entries[^1].Seq, entries[^1].Hash);
        }

        var results = await store.Ledger.AppendAsync([new LedgerGroup(organization, head, entries, [])], default);
        Assert.Equal(LedgerAppendStatus.Appended, results[0].Status);
        return results[0].Head;
    }

    private static async Task<(long Inserted, long TuplesRead)> ReadAsync(string administrator)
    {
        await using var connection = new NpgsqlConnection(administrator);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select (select n_tup_ins from pg_stat_user_tables where relid = 'vault.ledger_entries'::regclass), "
                + "(select sum(idx_tup_read)::bigint from pg_stat_user_indexes "
                + "where relid = 'vault.ledger_entries'::regclass)",
            connection
        );
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }
}
