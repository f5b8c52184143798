using Vault.Storage.Sql;

namespace Vault.Storage.Cluster;

/// <summary>State of a grain as it is stored.</summary>
/// <param name="Payload">Null after it was cleared.</param>
public sealed record StoredGrainState(ReadOnlyMemory<byte>? Payload, int Version);

/// <summary>
/// State of grains on SQLite, with the versions of <c>silo-config/postgres/cluster.sql</c>: of two writers that have
/// read the same version, one writes the next and the other is refused. The primary key arbitrates between two first
/// writes.
/// </summary>
public sealed class GrainStateTable
{
    private const string ReadSql = "select payload, version from grain_states where grain = @grain and name = @name";

    private const string InsertSql = """
        insert into grain_states (grain, name, payload, version) values (@grain, @name, @payload, 1)
        on conflict do nothing returning version
        """;

    private const string UpdateSql = """
        update grain_states set payload = @payload, version = version + 1
        where grain = @grain and name = @name and version = @version returning version
        """;

    private readonly IDatabase _database;

    internal GrainStateTable(IDatabase database) => _database = database;

    /// <summary>Null when it was never written.</summary>
    public Task<StoredGrainState?> ReadAsync(string grain, string name, CancellationToken cancellationToken) =>
        _database.ReadOneAsync(
            Scope.None,
            Key(ReadSql, grain, name),
            r => new StoredGrainState(r.IsDBNull(0) ? (ReadOnlyMemory<byte>?)null : r.Bytes(0), r.GetInt32(1)),
            cancellationToken
        );

    /// <param name="payload">Null clears it.</param>
    /// <param name="version">That it was read with; null: it is not there yet.</param>
    /// <returns>Its new version; null when another writer was first, and nothing was written.</returns>
    public async Task<int?> WriteAsync(
        string grain,
        string name,
        ReadOnlyMemory<byte>? payload,
        int? version,
        CancellationToken cancellationToken
    )
    {
        int? written = null;
        var write = Key(version is null ? InsertSql : UpdateSql, grain, name).Bytes("payload", payload);
        if (version is not null)
            write.Integer("version", version);
        await _database.BatchAsync([new Step(Scope.None, write, r => written = r.GetInt32(0))], cancellationToken);
        return written;
    }

    private static Statement Key(string sql, string grain, string name) =>
        new Statement(sql).Text("grain", grain).Text("name", name);
}
