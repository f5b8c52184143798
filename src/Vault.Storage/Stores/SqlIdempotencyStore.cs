using System.Data.Common;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

internal sealed class SqlIdempotencyStore(IDatabase database) : IIdempotencyStore
{
    // The unique key decides between two first claims. The same statement takes over an expired entry, so two callers
    // cannot both take it over.
    private const string ClaimSql = """
        insert into idempotency (organization_id, scope, key, request_digest, status, content_type, body,
          body_key_version, created_at, expires_at)
        values (@owner, @scope, @key, @request_digest, @status, @content_type, @body, @body_key_version, @created_at,
          @expires_at)
        on conflict (organization_id, scope, key) do update set request_digest = excluded.request_digest,
          status = excluded.status, content_type = excluded.content_type,
          body = excluded.body, body_key_version = excluded.body_key_version, created_at = excluded.created_at,
          expires_at = excluded.expires_at
        where idempotency.expires_at <= @now returning 1
        """;

    private const string FindSql = """
        select scope, key, request_digest, status, content_type, body, body_key_version, created_at, expires_at
          from idempotency
        where organization_id = @owner and scope = @scope and key = @key
        """;

    // The creation time identifies the claim: after the claim has expired, the row may contain another one.
    private const string CompleteSql = """
        update idempotency set status = @status, content_type = @content_type, body = @body,
          body_key_version = @body_key_version, expires_at = @expires_at
        where organization_id = @owner and scope = @scope and key = @key and request_digest = @request_digest
          and created_at = @created_at
        """;

    private const string ReleaseSql =
        "delete from idempotency where organization_id = @owner and scope = @scope and key = @key and status is null";

    private const string ExpireSqlite = """
        delete from idempotency where (organization_id, scope, key) in (select organization_id, scope, key
          from idempotency where expires_at < @before order by expires_at limit @take)
        """;

    public async Task<IdempotentResponse?> ClaimAsync(
        OrganizationId? organization,
        IdempotentResponse claim,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(claim);
        while (true)
        {
            var claimed = false;
            IdempotentResponse? existing = null;
            // Two statements in one transaction: the second sees the row for which the first has waited.
            await database.BatchAsync(
                [
                    new Step(Scope.Of(organization), Bind(ClaimSql, organization, claim).Time("now", now), _ =>
                        claimed = true
                    ),
                    new Step(Scope.Of(organization), Key(FindSql, organization, claim.Scope, claim.Key), r =>
                        existing = Read(r)
                    ),
                ],
                cancellationToken
            );
            if (claimed)
                return null;
            if (existing is not null)
                return existing;
            // The row existed for the first statement and not for the second: it was released or deleted in between.
            // So it can be claimed; try again.
        }
    }

    public Task CompleteAsync(
        OrganizationId? organization,
        IdempotentResponse answer,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(answer);
        return database.ChangeAsync(Scope.Of(organization), Bind(CompleteSql, organization, answer), cancellationToken);
    }

    public Task ReleaseAsync(
        OrganizationId? organization,
        string scope,
        string key,
        CancellationToken cancellationToken
    ) => database.ChangeAsync(Scope.Of(organization), Key(ReleaseSql, organization, scope, key), cancellationToken);

    public Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            Scope.None,
            new Statement(database.Pick("select * from delete_expired_idempotency(@before, @take)", ExpireSqlite))
                .Time("before", before)
                .Integer("take", limit),
            cancellationToken
        );

    private static Statement Key(string sql, OrganizationId? organization, string scope, string key) =>
        new Statement(sql)
            .Text("owner", organization?.Value ?? Scope.PlatformOwner)
            .Text("scope", scope)
            .Text("key", key);

    private static Statement Bind(string sql, OrganizationId? organization, IdempotentResponse response) =>
        Key(sql, organization, response.Scope, response.Key)
            .Text("request_digest", response.RequestDigest)
            .Integer("status", response.Status)
            .Text("content_type", response.ContentType)
            .Blob("body", response.Body)
            .Time("created_at", response.CreatedAt)
            .Time("expires_at", response.ExpiresAt);

    private static IdempotentResponse Read(DbDataReader r) =>
        new(
            r.GetString(0),
            r.GetString(1),
            r.GetString(2),
            (int?)r.IntegerOrNull(3),
            r.TextOrNull(4),
            r.Blob(5),
            r.Time(7),
            r.Time(8)
        );
}
