using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>The entries of the ledger chain and the outbox. Only the append differs between the dialects.</summary>
internal sealed class SqlLedgerStore(IDatabase database, ILedgerAppender appender) : ILedgerStore
{
    private const string EraseSql = """
        update ledger_entries set body = null, type = null, execution_id = null, user_id = null, agent = null,
          tool = null, account_id = null
        where organization_id = @organization and seq in
          (select seq from ledger_entries where organization_id = @organization and seq <= @through
            and body is not null order by seq limit @take)
        """;

    public async ValueTask<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(groups);
        var organizations = new HashSet<OrganizationId>();
        foreach (var group in groups)
        {
            if (group.Entries.Count == 0)
                throw new ArgumentException("A group has at least one entry.", nameof(groups));
            if (!organizations.Add(group.Organization))
                throw new ArgumentException("At most one group per organization.", nameof(groups));
        }

        return groups.Count == 0 ? [] : await appender.AppendAsync(groups, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<LedgerHead>> ReadHeadsAsync(
        IReadOnlyList<OrganizationId> organizations,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(organizations);
        if (organizations.Count == 0)
            return [];
        var statement = database.IsPostgres
            ? new Statement("select organization_id, seq, hash from ledger_heads_of(@organizations)").Texts(
                "organizations",
                [.. organizations.Select(o => o.Value)]
            )
            : new Statement(
                "select organization_id, seq, hash from ledger_heads where organization_id in (select value "
                    + "from json_each(@organizations))"
            ).Text("organizations", System.Text.Json.JsonSerializer.Serialize(organizations.Select(o => o.Value)));
        var found = await database.ReadAsync(
            Scope.None,
            statement,
            r => (Id: r.GetString(0), Head: new LedgerHead(r.GetInt64(1), r.Hash(2))),
            cancellationToken
        );
        var heads = found.ToDictionary(f => f.Id, f => f.Head);
        return [.. organizations.Select(o => heads.GetValueOrDefault(o.Value, LedgerHead.Genesis))];
    }

    public async ValueTask<IReadOnlyList<LedgerEntry>> ReadAsync(
        OrganizationId organization,
        long fromSeq,
        int limit,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.Of(organization),
            new Statement(
                $"select {LedgerColumns.Select} from ledger_entries where organization_id = @organization "
                    + "and seq >= @from order by seq limit @take"
            )
                .Text("organization", organization.Value)
                .Integer("from", fromSeq)
                .Integer("take", limit),
            LedgerColumns.Read,
            cancellationToken
        );

    public async ValueTask<IReadOnlySet<string>> FindEventsAsync(
        OrganizationId organization,
        IReadOnlyList<string> eventIds,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(eventIds);
        var statement = database.IsPostgres
            ? new Statement(
                "select event_id from ledger_entries where organization_id = @organization and event_id = any (@events)"
            ).Texts("events", [.. eventIds])
            : new Statement(
                "select event_id from ledger_entries where organization_id = @organization and event_id "
                    + "in (select value from json_each(@events))"
            ).Text("events", System.Text.Json.JsonSerializer.Serialize(eventIds));
        return (
            await database.ReadAsync(
                Scope.Of(organization),
                statement.Text("organization", organization.Value),
                r => r.GetString(0),
                cancellationToken
            )
        ).ToHashSet();
    }

    public async ValueTask<LedgerPage> QueryAsync(LedgerQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, 1000);
        var sql = new System.Text.StringBuilder(
            $"select {LedgerColumns.Select} from ledger_entries where organization_id = @organization"
        );
        var parts = new Statement("").Text("organization", query.Organization.Value).Integer("take", query.Limit + 1L);
        Filter("type", query.Type);
        Filter("execution_id", query.ExecutionId);
        Filter("user_id", query.User);
        Filter("agent", query.Agent);
        Filter("tool", query.Tool);
        Filter("account_id", query.Account);
        if (query.From is { } from)
            Where("time >= @from_time").Time("from_time", from);
        if (query.Until is { } until)
            Where("time < @until_time").Time("until_time", until);
        if (query.Cursor is { } cursor)
            Where(query.NewestFirst ? "seq < @cursor" : "seq > @cursor").Integer("cursor", cursor);
        sql.Append(query.NewestFirst ? " order by seq desc limit @take" : " order by seq limit @take");

        var entries = await database.ReadAsync(
            Scope.Of(query.Organization),
            parts.As(sql.ToString()),
            LedgerColumns.Read,
            cancellationToken
        );
        if (entries.Count <= query.Limit)
            return new LedgerPage(entries, null);
        entries.RemoveAt(entries.Count - 1);
        return new LedgerPage(entries, entries[^1].Seq);

        void Filter(string column, string? value)
        {
            if (value is not null)
                Where($"{column} = @{column}").Text(column, value);
        }

        Statement Where(string condition)
        {
            sql.Append(" and ").Append(condition);
            return parts;
        }
    }

    public async ValueTask<IReadOnlyList<PendingEntry>> ReadOutboxAsync(
        int limit,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                $"select {Outbox.Columns} from {database.Pick("oldest_outbox(@take)", "ledger_outbox")} "
                    + "order by position limit @take"
            ).Integer("take", limit),
            LedgerColumns.ReadPending,
            cancellationToken
        );

    public async ValueTask<int> EraseBodiesAsync(
        OrganizationId organization,
        long throughSeq,
        int limit,
        CancellationToken cancellationToken
    ) =>
        await database.ChangeAsync(
            Scope.Of(organization),
            new Statement(EraseSql)
                .Text("organization", organization.Value)
                .Integer("through", throughSeq)
                .Integer("take", limit),
            cancellationToken
        );
}

/// <summary>
/// Appends groups in one transaction with the contract of <see cref="ILedgerStore.AppendAsync"/>. The groups are not
/// empty, and each names another organization.
/// </summary>
internal interface ILedgerAppender
{
    Task<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    );
}
