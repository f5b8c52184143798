using System.Data.Common;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

internal sealed class SqlOutputStore(IDatabase database) : IOutputStore
{
    private const string PutSql = """
        insert into outputs (organization_id, execution_id, content_type, length, body, body_key_version, expires_at)
        values (@organization, @execution, @content_type, @length, @body, @body_key_version, @expires_at)
        on conflict (organization_id, execution_id) do update set content_type = excluded.content_type,
          length = excluded.length, body = excluded.body,
          body_key_version = excluded.body_key_version, expires_at = excluded.expires_at
        """;

    private const string FindSql = """
        select organization_id, execution_id, content_type, length, body, body_key_version, expires_at from outputs
        where organization_id = @organization and execution_id = @execution and expires_at > @now
        """;

    private const string ExpireSqlite = """
        delete from outputs where (organization_id, execution_id) in (select organization_id, execution_id from outputs
          where expires_at < @before order by expires_at limit @take)
        """;

    public Task PutAsync(StoredOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var statement = new Statement(PutSql)
            .Text("organization", output.Organization.Value)
            .Text("execution", output.ExecutionId)
            .Text("content_type", output.ContentType)
            .Integer("length", output.Length)
            .Blob("body", output.Body)
            .Time("expires_at", output.ExpiresAt);
        return database.ChangeAsync(Scope.Of(output.Organization), statement, cancellationToken);
    }

    public Task<StoredOutput?> FindAsync(
        OrganizationId organization,
        string executionId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    ) =>
        database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(FindSql)
                .Text("organization", organization.Value)
                .Text("execution", executionId)
                .Time("now", now),
            Read,
            cancellationToken
        );

    public Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            Scope.None,
            new Statement(database.Pick("select * from delete_expired_outputs(@before, @take)", ExpireSqlite))
                .Time("before", before)
                .Integer("take", limit),
            cancellationToken
        );

    private static StoredOutput Read(DbDataReader r) =>
        new(new OrganizationId(r.GetString(0)), r.GetString(1), r.GetString(2), r.GetInt64(3), r.Blob(4)!, r.Time(6));
}
