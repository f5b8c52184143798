using System.Collections.Immutable;
using System.Data.Common;
using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// API keys of callers. Platform keys belong to <see cref="Scope.PlatformOwner"/>. Only <see cref="TouchAsync"/> writes
/// the time of last use.
/// </summary>
internal sealed class SqlApiKeyStore(IDatabase database) : IApiKeyStore
{
    private const string Select =
        "select id, organization_id, name, secret_hash, suffix, permissions, version, created_at, expires_at, "
        + "revoked_at, last_used_at, made_by, ancestors, rotated_from, constraints from api_keys";

    private const string InsertSql = """
        insert into api_keys (id, organization_id, name, secret_hash, suffix, permissions, version, created_at,
          expires_at, revoked_at, last_used_at, made_by, ancestors, rotated_from, constraints)
        select @id, @owner, @name, @secret_hash, @suffix, @permissions, 1, @created_at, @expires_at, @revoked_at,
          @last_used_at, @made_by, @ancestors, @rotated_from, @constraints
        where true on conflict do nothing
        """;

    // Where a key comes from and what it is limited to never changes.
    private const string UpdateSql = """
        update api_keys set name = @name, secret_hash = @secret_hash, suffix = @suffix, permissions = @permissions,
          version = @expected + 1,
          expires_at = @expires_at, revoked_at = @revoked_at
        where id = @id and organization_id = @owner and version = @expected
        """;

    private const string TouchSql =
        "update api_keys set last_used_at = @used_at where id = @id and (last_used_at is null "
        + "or last_used_at < @used_at)";

    public Task<ApiKeyRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        database.ReadOneAsync(
            Scope.By("api_key_owner", id),
            new Statement(Select + " where id = @id").Text("id", id),
            Read,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(ApiKeyRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return WriteAsync(
            row,
            Bind(InsertSql, row)
                .Time("created_at", row.CreatedAt)
                .Time("last_used_at", row.LastUsedAt)
                .Text("made_by", row.MadeBy)
                .Text("ancestors", StateJson.From(row.Ancestors))
                .Text("rotated_from", row.RotatedFrom)
                .Text("constraints", row.Constraints.IsNone ? null : StateJson.From(row.Constraints)),
            cancellationToken
        );
    }

    public Task<WriteOutcome> UpdateAsync(ApiKeyRow row, long expectedVersion, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return WriteAsync(row, Bind(UpdateSql, row).Integer("expected", expectedVersion), cancellationToken);
    }

    public Task<Page<ApiKeyRow>> ListAsync(
        OrganizationId? organization,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        var owner = organization?.Value ?? Scope.PlatformOwner;
        var list = "api_keys/" + owner;
        var after = PageCursor.Decode(list, cursor);
        var statement = new Statement(
            Select
                + " where organization_id = @owner"
                + (after is null ? "" : " and id > @after")
                + " order by id limit @take"
        ).Text("owner", owner);
        if (after is not null)
            statement.Text("after", after);
        return database.PageAsync(Scope.Of(owner), statement, Read, list, pageSize, row => row.Id, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> MadeByAsync(
        string keyId,
        string? after,
        int take,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                database.Pick(
                    "select keys_made_by(@maker, @after, @take)",
                    "select id from api_keys where made_by = @maker and (@after is null or id > @after) "
                        + "order by id limit @take"
                )
            )
                .Text("maker", keyId)
                .Text("after", after)
                .Integer("take", take),
            r => r.GetString(0),
            cancellationToken
        );

    public async Task<bool> AnyAsync(CancellationToken cancellationToken) =>
        (
            await database.ReadAsync(
                Scope.None,
                new Statement(database.Pick("select any_api_key()", "select exists (select 1 from api_keys)")),
                r => r.GetBoolean(0),
                cancellationToken
            )
        )[0];

    public async Task TouchAsync(
        IReadOnlyList<(string Id, DateTimeOffset UsedAt)> uses,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(uses);
        var steps = uses.OrderBy(u => u.Id, StringComparer.Ordinal)
            .Select(u => new Step(
                Scope.By("api_key_owner", u.Id),
                new Statement(TouchSql).Text("id", u.Id).Time("used_at", u.UsedAt)
            ))
            .ToList();
        if (steps.Count > 0)
            await database.BatchAsync(steps, cancellationToken);
    }

    private async Task<WriteOutcome> WriteAsync(
        ApiKeyRow row,
        Statement statement,
        CancellationToken cancellationToken
    ) =>
        await database.ChangeAsync(Scope.Of(row.Organization), statement, cancellationToken) == 1
            ? WriteOutcome.Written
            : WriteOutcome.Stale;

    private static Statement Bind(string sql, ApiKeyRow row) =>
        new Statement(sql)
            .Text("id", row.Id)
            .Text("owner", row.Organization?.Value ?? Scope.PlatformOwner)
            .Text("name", row.Name)
            .Text("secret_hash", row.SecretHash)
            .Text("suffix", row.Suffix)
            .Text("permissions", StateJson.From(row.Permissions))
            .Time("expires_at", row.ExpiresAt)
            .Time("revoked_at", row.RevokedAt);

    private static ApiKeyRow Read(DbDataReader r) =>
        new(
            r.GetString(0),
            r.GetString(1) == Scope.PlatformOwner ? null : new OrganizationId(r.GetString(1)),
            r.GetString(2),
            r.GetString(3),
            r.GetString(4),
            StateJson.To<ImmutableArray<string>>(r.GetString(5)),
            r.GetInt64(6),
            r.Time(7),
            r.TimeOrNull(8),
            r.TimeOrNull(9),
            r.TimeOrNull(10)
        )
        {
            MadeBy = r.TextOrNull(11),
            Ancestors = StateJson.To<ImmutableArray<string>>(r.GetString(12)),
            RotatedFrom = r.TextOrNull(13),
            Constraints = r.TextOrNull(14) is { } limits ? StateJson.To<KeyConstraints>(limits) : KeyConstraints.None,
        };
}
