using System.Data.Common;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// Organizations: the root row of every tenant. Its gate has its own columns, so that other writes can lock and test
/// it.
/// </summary>
internal sealed class SqlOrganizationStore(IDatabase database) : IOrganizationStore
{
    private const string Columns = "id, display_name, external_id, version, state, created_at, updated_at";

    private const string InsertSql = $"""
        insert into organizations (id, display_name, external_id, version, status, gate_open, gate_epoch, cascade_kind,
          state, created_at, updated_at)
        select @id, @display_name, @external_id, 1, @status, @gate_open, @gate_epoch, @cascade_kind, @state,
          @created_at, @updated_at
        where true {Write.Guard} on conflict do nothing
        """;

    private const string UpdateSql = $"""
        update organizations set display_name = @display_name, external_id = @external_id, version = @expected + 1,
          status = @status,
          gate_open = @gate_open, gate_epoch = @gate_epoch, cascade_kind = @cascade_kind, state = @state,
          updated_at = @updated_at
        where id = @id and version = @expected {Write.Guard}
        """;

    /// <summary>
    /// The tables that an erasure empties, with the key of each table. The ledger, the outbox and the tombstones of the
    /// keys stay.
    /// </summary>
    /// <remarks>
    /// Scope uses are deleted after their accounts: a use is only added while its account exists, so none is left.
    /// </remarks>
    private static readonly (string Table, string Key)[] Purged =
    [
        ("links", "id"),
        ("accounts", "id"),
        ("scope_uses", "account_id, scope"),
        ("connections", "id"),
        ("api_keys", "id"),
        ("approvals", "id"),
        ("outputs", "execution_id"),
        ("idempotency", "scope, key"),
        ("key_rotations", "organization_id"),
    ];

    public Task<OrganizationRow?> FindAsync(OrganizationId id, CancellationToken cancellationToken) =>
        database.ReadOneAsync(
            Scope.Of(id),
            new Statement($"select {Columns} from organizations where id = @id").Text("id", id.Value),
            Read,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(
        OrganizationRow row,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        return database.WriteAsync(
            Write.Plain(row.Id, Bind(InsertSql, row).Time("created_at", row.CreatedAt), drafts),
            cancellationToken
        );
    }

    public Task<WriteOutcome> UpdateAsync(
        OrganizationRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        return database.WriteAsync(
            Write.Plain(row.Id, Bind(UpdateSql, row).Integer("expected", expectedVersion), drafts),
            cancellationToken
        );
    }

    public Task<Page<OrganizationRow>> ListAsync(
        string? externalId,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        const string List = "organizations";
        var after = PageCursor.Decode(List, cursor);
        var statement = new Statement(
            database.Pick(
                $"select {Columns} from list_organizations(@external_id, @after, @take)",
                $"select {Columns} from organizations where (@external_id is null "
                    + "or external_id = @external_id) and (@after is null or id > @after) order by id limit @take"
            )
        );
        return database.PageAsync(
            Scope.None,
            statement.Text("external_id", externalId).Text("after", after),
            Read,
            List,
            pageSize,
            row => row.Id.Value,
            cancellationToken
        );
    }

    public async Task<IReadOnlyList<OrganizationId>> FindCascadesAsync(
        int limit,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                database.Pick(
                    "select * from organizations_with_cascade(@take)",
                    "select id from organizations where cascade_kind is not null order by id limit @take"
                )
            ).Integer("take", limit),
            r => new OrganizationId(r.GetString(0)),
            cancellationToken
        );

    public async Task<bool> PurgeAsync(OrganizationId id, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var left = limit;
        foreach (var (table, key) in Purged)
        {
            // Each step is a short transaction: a purge of millions of rows holds no lock for long, and a crash loses
            // one step.
            var statement = new Statement(
                $"""
                delete from {table} where organization_id = @organization and ({key}) in
                  (select {key} from {table} where organization_id = @organization order by {key} limit @take)
                """
            ).Text("organization", id.Value).Integer("take", left);
            left -= await database.ChangeAsync(Scope.Of(id), statement, cancellationToken);
            if (left <= 0)
                return false;
        }

        return true;
    }

    private static Statement Bind(string sql, OrganizationRow row) =>
        new Statement(sql)
            .Text("id", row.Id.Value)
            .Text("display_name", row.DisplayName)
            .Text("external_id", row.ExternalId)
            .Text("status", row.State.Status.ToString())
            .Boolean("gate_open", row.State.Gate.Open)
            .Integer("gate_epoch", row.State.Gate.Epoch)
            .Text("cascade_kind", row.State.Cascade?.Kind)
            .Text("state", StateJson.From(row.State))
            .Time("updated_at", row.UpdatedAt);

    private static OrganizationRow Read(DbDataReader r) =>
        new(
            new OrganizationId(r.GetString(0)),
            r.GetString(1),
            r.TextOrNull(2),
            r.GetInt64(3),
            StateJson.To<OrganizationState>(r.GetString(4)),
            r.Time(5),
            r.Time(6)
        );
}
