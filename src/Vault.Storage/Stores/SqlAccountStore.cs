using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// Connected accounts. Only <see cref="TouchAsync"/> writes <c>last_used_at</c>: another update could set it back to an
/// older value.
/// </summary>
internal sealed class SqlAccountStore(IDatabase database) : IAccountStore
{
    private const string FindByKey = $"""
        select {AccountColumns.Select}, {AccountColumns.SelectGate} from accounts a
          join organizations o on o.id = a.organization_id
        where a.organization_id = @organization and a.user_id = @user and a.connection = @connection
          and a.label = @label
        """;

    private const string FindById = $"""
        select {AccountColumns.Select}, {AccountColumns.SelectGate} from accounts a
          join organizations o on o.id = a.organization_id
        where a.organization_id = @organization and a.id = @id
        """;

    // The left join returns the gate even if there is no account. No "order by": with it, SQLite would scan all
    // accounts of the organization in index order instead of looking up the few of the user and sorting them.
    private const string FindForUser = $"""
        select {AccountColumns.Select}, {AccountColumns.SelectGate} from organizations o
        left join accounts a on a.organization_id = o.id and a.user_id = @user and a.provider = @provider
        where o.id = @organization
        """;

    private const string InsertSql = $"""
        insert into accounts (id, organization_id, user_id, connection, label, connection_id, provider, version,
          status, generation, state,
          grant_blob, grant_blob_key_version, credential, credential_key_version, credential_generation, due_at,
          shard_hash, created_at, updated_at, last_used_at)
        select @id, @organization, @user, @connection, @label, @connection_id, @provider, 1, @status, @generation,
          @state,
          @grant_blob, @grant_blob_key_version, @credential, @credential_key_version, @credential_generation, @due_at,
          @shard_hash, @created_at, @updated_at, @last_used_at
        where true {Write.Guard}
        on conflict do nothing
        """;

    // Compare-and-swap: the row count says whether this writer has won. Only one update finds the expected version.
    private const string UpdateSql = $"""
        update accounts set connection_id = @connection_id, provider = @provider, version = @expected + 1,
          status = @status, generation = @generation,
          state = @state, grant_blob = @grant_blob, grant_blob_key_version = @grant_blob_key_version,
          credential = @credential,
          credential_key_version = @credential_key_version, credential_generation = @credential_generation,
          due_at = @due_at, updated_at = @updated_at
        where id = @id and organization_id = @organization and version = @expected {Write.Guard}
        """;

    private const string DeleteSql = $"""
        delete from accounts where id = @id and organization_id = @organization and version = @expected {Write.Guard}
        """;

    private const string TouchSql = """
        update accounts set last_used_at = @used_at where id = @id and organization_id = @organization
          and (last_used_at is null or last_used_at < @used_at)
        """;

    private const string DueSqlite = """
        select a.organization_id, a.user_id, a.connection, a.label, a.id, a.provider, a.due_at from accounts a
          join organizations o on o.id = a.organization_id
        where a.due_at <= @now and a.shard_hash % @shards in (select value from json_each(@mine)) and o.gate_open
        and a.provider not in (select value from json_each(@without)) order by a.due_at, a.id limit @take
        """;

    private const string DuePostgres =
        "select organization_id, user_id, connection, label, id, provider, due_at "
        + "from due_accounts_of(@now, @mine, @shards, @take, @without)";

    private const string CountSqlite =
        "select count(*) from accounts a join organizations o on o.id = a.organization_id "
        + "where a.due_at <= @now and o.gate_open";

    public Task<AccountSnapshot?> FindAsync(AccountKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        var statement = new Statement(FindByKey)
            .Text("organization", key.Organization.Value)
            .Text("user", key.User.Value)
            .Text("connection", key.Connection.Value)
            .Text("label", key.Label);
        return database.ReadOneAsync(
            Scope.Of(key.Organization),
            statement,
            AccountColumns.ReadSnapshot,
            cancellationToken
        );
    }

    public Task<AccountSnapshot?> FindAsync(
        OrganizationId organization,
        AccountId id,
        CancellationToken cancellationToken
    ) =>
        database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(FindById).Text("organization", organization.Value).Text("id", id.Value),
            AccountColumns.ReadSnapshot,
            cancellationToken
        );

    public async Task<UserAccounts?> FindForUserAsync(
        OrganizationId organization,
        UserId user,
        string provider,
        CancellationToken cancellationToken
    )
    {
        var statement = new Statement(FindForUser)
            .Text("organization", organization.Value)
            .Text("user", user.Value)
            .Text("provider", provider);
        var rows = await database.ReadAsync(
            Scope.Of(organization),
            statement,
            r => (Row: r.IsDBNull(0) ? null : AccountColumns.Read(r), Gate: AccountColumns.ReadGate(r)),
            cancellationToken
        );
        return rows.Count == 0
            ? null
            : new UserAccounts(
                [
                    .. rows.Where(r => r.Row is not null)
                        .Select(r => r.Row!)
                        .OrderBy(r => r.Id.Value, StringComparer.Ordinal),
                ],
                rows[0].Gate
            );
    }

    public Task<WriteOutcome> InsertAsync(
        AccountRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        return database.WriteAsync(Write.Insert(row.Key.Organization, Inserting(row), gate, drafts), cancellationToken);
    }

    /// <summary>
    /// Inserts many accounts in one transaction, to load a test database. It does not check the gate and writes no
    /// ledger entry. Returns how many accounts were new.
    /// </summary>
    internal async Task<int> InsertManyAsync(IReadOnlyList<AccountRow> rows, CancellationToken cancellationToken) =>
        (
            await database.BatchAsync(
                [.. rows.Select(row => new Step(Scope.Of(row.Key.Organization), Inserting(row)))],
                cancellationToken
            )
        ).Sum();

    private static Statement Inserting(AccountRow row) =>
        new Statement(InsertSql)
            .Changing(row)
            .Text("user", row.Key.User.Value)
            .Text("connection", row.Key.Connection.Value)
            .Text("label", row.Key.Label)
            .Integer("shard_hash", AccountShard.HashOf(row.Key))
            .Time("created_at", row.CreatedAt)
            .Time("last_used_at", row.LastUsedAt);

    public Task<WriteOutcome> UpdateAsync(
        AccountRow row,
        long expectedVersion,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        var statement = new Statement(UpdateSql).Changing(row).Integer("expected", expectedVersion);
        return database.WriteAsync(Write.Change(row.Key.Organization, statement, gate, drafts), cancellationToken);
    }

    public Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        AccountId id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        database.WriteAsync(
            Write.Plain(
                organization,
                new Statement(DeleteSql)
                    .Text("id", id.Value)
                    .Text("organization", organization.Value)
                    .Integer("expected", expectedVersion),
                drafts
            ),
            cancellationToken
        );

    public Task<Page<AccountRow>> ListAsync(
        OrganizationId organization,
        AccountFilter filter,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        var list = "accounts/" + organization.Value;
        var after = PageCursor.Decode(list, cursor);
        // The SQL contains only the given filters, so each combination has its own prepared statement and plan.
        var sql =
            $"select {AccountColumns.Select} from accounts a where a.organization_id = @organization"
            + (after is null ? "" : " and a.id > @after")
            + (filter.User is null ? "" : " and a.user_id = @user")
            + (filter.Connection is null ? "" : " and a.connection = @connection")
            + (filter.Provider is null ? "" : " and a.provider = @provider")
            + (filter.Status is null ? "" : " and a.status = @status")
            + (
                filter.Subject is null
                    ? ""
                    : database.Pick(
                        " and a.state::jsonb #>> '{identity,subject}' = @subject",
                        " and json_extract(a.state, '$.identity.subject') = @subject"
                    )
            )
            + " order by a.id limit @take";
        var statement = new Statement(sql).Text("organization", organization.Value);
        if (after is not null)
            statement.Text("after", after);
        if (filter.User is { } user)
            statement.Text("user", user.Value);
        if (filter.Connection is { } connection)
            statement.Text("connection", connection.Value);
        if (filter.Provider is { } provider)
            statement.Text("provider", provider);
        if (filter.Status is { } status)
            statement.Text("status", status.ToString());
        if (filter.Subject is { } subject)
            statement.Text("subject", subject);
        return database.PageAsync(
            Scope.Of(organization),
            statement,
            AccountColumns.Read,
            list,
            pageSize,
            row => row.Id.Value,
            cancellationToken
        );
    }

    public async Task<IReadOnlyList<DueAccount>> FindDueAsync(
        DateTimeOffset now,
        IReadOnlyCollection<int> mine,
        int shards,
        int limit,
        IReadOnlyCollection<string> without,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        var statement = new Statement(database.Pick(DuePostgres, DueSqlite))
            .Time("now", now)
            .Integer("shards", shards)
            .Integer("take", limit);
        statement = database.IsPostgres
            ? statement.Integers("mine", [.. mine.Select(s => (long)s)]).Texts("without", [.. without])
            : statement.Text("mine", JsonSerializer.Serialize(mine)).Text("without", JsonSerializer.Serialize(without));
        return await database.ReadAsync(
            Scope.None,
            statement,
            r => new DueAccount(
                new AccountKey(
                    new OrganizationId(r.GetString(0)),
                    new UserId(r.GetString(1)),
                    new ConnectionName(r.GetString(2)),
                    r.GetString(3)
                ),
                new AccountId(r.GetString(4)),
                r.GetString(5),
                r.Time(6)
            ),
            cancellationToken
        );
    }

    public async Task<long> CountDueAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        (
            await database.ReadAsync(
                Scope.None,
                new Statement(database.Pick("select count_due(@now)", CountSqlite)).Time("now", now),
                r => r.GetInt64(0),
                cancellationToken
            )
        )[0];

    public async Task TouchAsync(
        IReadOnlyList<(OrganizationId Organization, AccountId Id, DateTimeOffset UsedAt)> uses,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(uses);
        // Every host updates in the same order, so two hosts that update the same accounts cannot deadlock.
        var steps = uses.OrderBy(u => u.Id.Value, StringComparer.Ordinal)
            .Select(u => new Step(
                Scope.Of(u.Organization),
                new Statement(TouchSql)
                    .Text("id", u.Id.Value)
                    .Text("organization", u.Organization.Value)
                    .Time("used_at", u.UsedAt)
            ))
            .ToList();
        if (steps.Count > 0)
            await database.BatchAsync(steps, cancellationToken);
    }
}
