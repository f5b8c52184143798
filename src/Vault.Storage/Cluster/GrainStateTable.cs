using Vault.Storage.Sql;

namespace Vault.Storage.Cluster;

/// <summary>The stored state of a grain.</summary>
/// <param name="Payload">Null after the state was cleared.</param>
public sealed record StoredGrainState(ReadOnlyMemory<byte>? Payload, int Version);

/// <summary>
/// The state of grains on SQLite, with the same versioning as <c>silo-config/postgres/cluster.sql</c>: of two writers
/// that have read the same version, one writes the next version and the other fails. The primary key decides between
/// two first writes.
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

    /// <summary>Null when the state was never written.</summary>
    public Task<StoredGrainState?> ReadAsync(string grain, string name, CancellationToken cancellationToken) =>
        _database.ReadOneAsync(
            Scope.None,
            Key(ReadSql, grain, name),
            r => new StoredGrainState(r.IsDBNull(0) ? (ReadOnlyMemory<byte>?)null : r.Bytes(0), r.GetInt32(1)),
            cancellationToken
        );

    /// <param name="payload">Null clears the state.</param>
    /// <param name="version">The version that was read; null for a first write.</param>
    /// <returns>The new version; null when another writer was first and nothing was written.</returns>
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
