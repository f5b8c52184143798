using System.Collections.Immutable;
using System.Data.Common;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// Approvals. Compare-and-swap on the version ensures that an approval is used once: of two executions that read it as
/// approved, only one update finds the expected version.
/// </summary>
internal sealed class SqlApprovalStore(IDatabase database) : IApprovalStore
{
    private const string Select = """
        select id, organization_id, account_id, tool, input_digest, requested_by, status, decided_by, version,
          created_at, expires_at, requester_lineage, decided_with, arguments, arguments_key_version
        from approvals where organization_id = @organization
        """;

    private const string InsertSql = $"""
        insert into approvals (id, organization_id, account_id, tool, input_digest, requested_by, status, decided_by,
          version, created_at, expires_at, requester_lineage, decided_with, arguments, arguments_key_version)
        select @id, @organization, @account, @tool, @input_digest, @requested_by, @status, @decided_by, 1, @created_at,
          @expires_at, @requester_lineage, @decided_with, @arguments, @arguments_key_version
        where true {Write.Guard} on conflict do nothing
        """;

    private const string UpdateSql = """
        update approvals set status = @status, decided_by = @decided_by, decided_with = @decided_with, version = @expected + 1,
          expires_at = @expires_at
        where id = @id and organization_id = @organization and version = @expected
        """;

    public Task<ApprovalRow?> FindAsync(OrganizationId organization, string id, CancellationToken cancellationToken) =>
        database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(Select + " and id = @id").Text("organization", organization.Value).Text("id", id),
            Read,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(ApprovalRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        var statement = Bind(InsertSql, row)
            .Text("account", row.Account.Value)
            .Text("tool", row.Tool)
            .Text("input_digest", row.InputDigest)
            .Text("requested_by", row.RequestedBy)
            .Text("requester_lineage", StateJson.From(row.RequesterLineage))
            .Blob("arguments", row.Arguments)
            .Time("created_at", row.CreatedAt);
        return database.WriteAsync(Write.Insert(row.Organization, statement, GateCheck.None, []), cancellationToken);
    }

    public Task<WriteOutcome> UpdateAsync(ApprovalRow row, long expectedVersion, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return database.WriteAsync(
            Write.Plain(row.Organization, Bind(UpdateSql, row).Integer("expected", expectedVersion), []),
            cancellationToken
        );
    }

    public Task<Page<ApprovalRow>> ListAsync(
        OrganizationId organization,
        ApprovalStatus? status,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        var list = "approvals/" + organization.Value;
        var after = PageCursor.Decode(list, cursor);
        var statement = new Statement(
            Select
                + (after is null ? "" : " and id > @after")
                + (status is null ? "" : " and status = @status")
                + " order by id limit @take"
        ).Text("organization", organization.Value);
        if (after is not null)
            statement.Text("after", after);
        if (status is { } wanted)
            statement.Text("status", wanted.ToString());
        return database.PageAsync(
            Scope.Of(organization),
            statement,
            Read,
            list,
            pageSize,
            row => row.Id,
            cancellationToken
        );
    }

    private static Statement Bind(string sql, ApprovalRow row) =>
        new Statement(sql)
            .Text("id", row.Id)
            .Text("organization", row.Organization.Value)
            .Text("status", row.Status.ToString())
            .Text("decided_by", row.DecidedBy)
            .Text("decided_with", row.DecidedWith)
            .Time("expires_at", row.ExpiresAt);

    private static ApprovalRow Read(DbDataReader r) =>
        new(
            r.GetString(0),
            new OrganizationId(r.GetString(1)),
            new AccountId(r.GetString(2)),
            r.GetString(3),
            r.GetString(4),
            r.GetString(5),
            Enum.Parse<ApprovalStatus>(r.GetString(6)),
            r.TextOrNull(7),
            r.GetInt64(8),
            r.Time(9),
            r.Time(10)
        )
        {
            RequesterLineage = StateJson.To<ImmutableArray<string>>(r.GetString(11)),
            DecidedWith = r.TextOrNull(12),
            Arguments = r.Blob(13),
        };
}
