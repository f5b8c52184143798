using System.Text.Json;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Storage.Sql;
using Vault.Storage.Stores;

namespace Vault.Storage.Sqlite;

/// <summary>
/// Appends all groups in one transaction with one disk sync. The write lock is held from the first read to the commit,
/// so the rows that were read do not change before it.
/// </summary>
internal sealed class SqliteLedgerAppender(SqliteDatabase database) : ILedgerAppender
{
    private const string InsertSql = $"""
        insert into ledger_entries ({LedgerColumns.Select})
        values (@organization, @seq, @event, @time, @body, @digest, @prev, @hash, @type, @execution, @user, @agent,
          @tool, @account)
        """;

    private const string HeadSql = "select seq, hash from ledger_heads where organization_id = @organization";

    private const string MoveSql = """
        insert into ledger_heads (organization_id, seq, hash) values (@organization, @seq, @hash)
        on conflict (organization_id) do update set seq = excluded.seq, hash = excluded.hash
        """;

    private const string KnownSql =
        "select 1 from ledger_entries where organization_id = @organization and event_id in (select value "
        + "from json_each(@events)) limit 1";

    private const string WaitingSql =
        "select count(*) from ledger_outbox where organization_id = @organization and event_id "
        + "in (select value from json_each(@events))";

    private const string TakeSql =
        "delete from ledger_outbox where organization_id = @organization and event_id in (select value "
        + "from json_each(@events))";

    public Task<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    ) =>
        database.TransactAsync(
            session =>
            {
                var results = groups.Select(g => Append(session, g)).ToList();
                return (
                    (IReadOnlyList<LedgerAppendResult>)results,
                    results.Exists(r => r.Status == LedgerAppendStatus.Appended)
                );
            },
            cancellationToken
        );

    // All checks of a group run before its first write, so a rejected group changes nothing in the shared transaction.
    private static LedgerAppendResult Append(SqliteSession session, LedgerGroup group)
    {
        var organization = group.Organization;
        var head = session.Read(new Statement(HeadSql).Text("organization", organization.Value), r => new LedgerHead(
            r.GetInt64(0),
            r.Hash(1)
        ))
            is [var stored]
            ? stored
            : LedgerHead.Genesis;
        if (head != group.Expected)
            return new LedgerAppendResult(organization, LedgerAppendStatus.HeadMoved, head);
        if (
            session.Read(Events(KnownSql, organization, group.Entries.Select(e => e.EventId)), r => r.GetInt64(0)).Count
                > 0
            || (
                group.FromOutbox.Count > 0
                && session.Read(Events(WaitingSql, organization, group.FromOutbox), r => r.GetInt64(0))[0]
                    != group.FromOutbox.Distinct().Count()
            )
        )
            return new LedgerAppendResult(organization, LedgerAppendStatus.Duplicate, head);

        foreach (var entry in group.Entries)
            session.Execute(Insert(entry));
        if (group.FromOutbox.Count > 0)
            session.Execute(Events(TakeSql, organization, group.FromOutbox));
        var last = group.Entries[^1];
        session.Execute(
            new Statement(MoveSql)
                .Text("organization", organization.Value)
                .Integer("seq", last.Seq)
                .Bytes("hash", last.Hash.ToArray())
        );
        return new LedgerAppendResult(organization, LedgerAppendStatus.Appended, new LedgerHead(last.Seq, last.Hash));
    }

    private static Statement Events(string sql, OrganizationId organization, IEnumerable<string> events) =>
        new Statement(sql).Text("organization", organization.Value).Text("events", JsonSerializer.Serialize(events));

    private static Statement Insert(LedgerEntry entry) =>
        new Statement(InsertSql)
            .Text("organization", entry.Organization.Value)
            .Integer("seq", entry.Seq)
            .Text("event", entry.EventId)
            .Time("time", entry.Time)
            .Bytes("body", entry.Body)
            .Bytes("digest", entry.BodyDigest.ToArray())
            .Bytes("prev", entry.PrevHash.ToArray())
            .Bytes("hash", entry.Hash.ToArray())
            .Text("type", entry.Index.Type)
            .Text("execution", entry.Index.ExecutionId)
            .Text("user", entry.Index.User)
            .Text("agent", entry.Index.Agent)
            .Text("tool", entry.Index.Tool)
            .Text("account", entry.Index.Account);
}
