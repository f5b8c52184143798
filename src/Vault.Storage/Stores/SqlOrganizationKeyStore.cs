using System.Data.Common;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// Wrapped data keys. Destroying a key overwrites the wrapped bytes. silo-config/postgres/README.md describes how long
/// PostgreSQL keeps overwritten rows.
/// </summary>
internal sealed class SqlOrganizationKeyStore(IDatabase database) : IOrganizationKeyStore
{
    private const string Columns =
        "organization_id, version, status, wrapped, master_key_id, created_at, changed_at, row_version";

    private const string Select = $"select {Columns} from organization_keys where organization_id = @organization";

    private const string InsertSql = $"""
        insert into organization_keys ({Columns}) select @organization, @version, @status, @wrapped, @master_key_id,
          @created_at, @changed_at, @row_version
        where true on conflict do nothing
        """;

    // A destroyed key stays destroyed, even if a writer names its row version.
    private const string UpdateSql = """
        update organization_keys set status = @status, wrapped = @wrapped, master_key_id = @master_key_id,
          changed_at = @changed_at, row_version = @expected + 1
        where organization_id = @organization and version = @version and row_version = @expected and status <> 4
        """;

    private const string DestroySql = """
        update organization_keys set status = 4, wrapped = null, changed_at = @now, row_version = row_version + 1
        where organization_id = @organization and status <> 4
        """;

    private const string NotUnderMasterSqlite = $"""
        select {Columns} from organization_keys where status <> 4 and master_key_id <> @master
          and (@after_organization is null or (organization_id, version) > (@after_organization, @after_version))
        order by organization_id, version limit @take
        """;

    public async ValueTask<OrganizationKeyRow?> FindActiveAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    ) =>
        await database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(Select + " and status = 2 order by version desc limit 1").Text(
                "organization",
                organization.Value
            ),
            Read,
            cancellationToken
        );

    public async ValueTask<OrganizationKeyRow?> FindAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    ) =>
        await database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(Select + " and version = @version")
                .Text("organization", organization.Value)
                .Integer("version", version),
            Read,
            cancellationToken
        );

    public async ValueTask<IReadOnlyList<OrganizationKeyRow>> ListAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.Of(organization),
            new Statement(Select + " order by version").Text("organization", organization.Value),
            Read,
            cancellationToken
        );

    public async ValueTask<bool> TryInsertAsync(OrganizationKeyRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        var statement = Bind(InsertSql, row).Time("created_at", row.CreatedAt).Integer("row_version", row.RowVersion);
        return await database.ChangeAsync(Scope.Of(row.Organization), statement, cancellationToken) == 1;
    }

    public async ValueTask<bool> TryUpdateAsync(
        OrganizationKeyRow next,
        long expectedRowVersion,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(next);
        var written =
            await database.ChangeAsync(
                Scope.Of(next.Organization),
                Bind(UpdateSql, next).Integer("expected", expectedRowVersion),
                cancellationToken
            ) == 1;
        if (written && next.Wrapped is null)
            await database.ForgetAsync(cancellationToken);
        return written;
    }

    public async ValueTask<int> DestroyAllAsync(
        OrganizationId organization,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var destroyed = await database.ChangeAsync(
            Scope.Of(organization),
            new Statement(DestroySql).Text("organization", organization.Value).Time("now", now),
            cancellationToken
        );
        if (destroyed > 0)
            await database.ForgetAsync(cancellationToken);
        return destroyed;
    }

    public async ValueTask<IReadOnlyList<OrganizationKeyRow>> ListNotUnderMasterAsync(
        string masterKeyId,
        OrganizationKeyPosition? after,
        int limit,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                database.Pick(
                    $"select {Columns} from keys_not_under_master(@master, @after_organization, @after_version, @take)",
                    NotUnderMasterSqlite
                )
            )
                .Text("master", masterKeyId)
                .Text("after_organization", after?.Organization.Value)
                .Integer("after_version", after?.Version)
                .Integer("take", limit),
            Read,
            cancellationToken
        );

    private static Statement Bind(string sql, OrganizationKeyRow row) =>
        new Statement(sql)
            .Text("organization", row.Organization.Value)
            .Integer("version", row.Version)
            .Integer("status", (int)row.Status)
            .Bytes("wrapped", row.Wrapped is null ? default(ReadOnlyMemory<byte>?) : row.Wrapped)
            .Text("master_key_id", row.MasterKeyId)
            .Time("changed_at", row.ChangedAt);

    private static OrganizationKeyRow Read(DbDataReader r) =>
        new(
            new OrganizationId(r.GetString(0)),
            (uint)r.GetInt64(1),
            (OrganizationKeyStatus)r.GetInt64(2),
            r.IsDBNull(3) ? null : r.Bytes(3),
            r.GetString(4),
            r.Time(5),
            r.Time(6),
            r.GetInt64(7)
        );
}
