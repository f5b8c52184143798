using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>The packs of operators. They belong to the platform and not to an organization.</summary>
internal sealed class SqlPackStore(IDatabase database) : IPackStore
{
    private const string InsertSql = """
        insert into packs (provider_id, pack_version, json, version, updated_at)
          select @provider_id, @pack_version, @json, 1, @updated_at
        where true on conflict do nothing
        """;

    private const string UpdateSql = """
        update packs set pack_version = @pack_version, json = @json, version = @expected + 1, updated_at = @updated_at
        where provider_id = @provider_id and version = @expected
        """;

    public async Task<IReadOnlyList<StoredPack>> ListAsync(CancellationToken cancellationToken) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                "select provider_id, pack_version, json, version, updated_at from packs order by provider_id"
            ),
            r => new StoredPack(r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt64(3), r.Time(4)),
            cancellationToken
        );

    public async Task<WriteOutcome> PutAsync(
        StoredPack pack,
        long? expectedVersion,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(pack);
        var statement = new Statement(expectedVersion is null ? InsertSql : UpdateSql)
            .Text("provider_id", pack.ProviderId)
            .Text("pack_version", pack.PackVersion)
            .Text("json", pack.Json)
            .Time("updated_at", pack.UpdatedAt);
        if (expectedVersion is { } expected)
            statement.Integer("expected", expected);
        return await database.ChangeAsync(Scope.None, statement, cancellationToken) == 1
            ? WriteOutcome.Written
            : WriteOutcome.Stale;
    }

    /// <summary>
    /// The sum of all versions. It increases by one with every change, because rows are never deleted: a deleted tool
    /// set leaves a tombstone.
    /// </summary>
    public async Task<long> RevisionAsync(CancellationToken cancellationToken) =>
        (
            await database.ReadAsync(
                Scope.None,
                new Statement("select cast(coalesce(sum(version), 0) as bigint) from packs"),
                r => r.GetInt64(0),
                cancellationToken
            )
        )[0];
}
