using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>A master key the database has seen. Its id is not secret, and the check value opens under it only.</summary>
/// <param name="Number">1 for the first one, 2 for the one that followed it.</param>
public sealed record StoredMasterKey(int Number, string Id, ReadOnlyMemory<byte> CheckValue, DateTimeOffset CreatedAt);

/// <summary>The key check values, and under which master keys the organizations' keys lie.</summary>
public sealed class MasterKeyTable
{
    private const string InsertSql = """
        insert into master_keys (number, id, check_value, created_at) select @number, @id, @check_value, @created_at
        where true on conflict do nothing
        """;

    private readonly IDatabase _database;

    internal MasterKeyTable(IDatabase database) => _database = database;

    /// <summary>In the order in which they came.</summary>
    public async Task<IReadOnlyList<StoredMasterKey>> ListAsync(CancellationToken cancellationToken) =>
        await _database.ReadAsync(
            Scope.None,
            new Statement("select number, id, check_value, created_at from master_keys order by number"),
            r => new StoredMasterKey(r.GetInt32(0), r.GetString(1), r.Bytes(2), r.Time(3)),
            cancellationToken
        );

    /// <summary>False when the number or the id is taken: decided by the keys of the table.</summary>
    public async Task<bool> TryInsertAsync(StoredMasterKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        var statement = new Statement(InsertSql)
            .Integer("number", key.Number)
            .Text("id", key.Id)
            .Bytes("check_value", key.CheckValue)
            .Time("created_at", key.CreatedAt);
        return await _database.ChangeAsync(Scope.None, statement, cancellationToken) == 1;
    }

    /// <summary>The master keys under which a key of an organization lies that is not destroyed.</summary>
    public async Task<IReadOnlyList<string>> ListInUseAsync(CancellationToken cancellationToken) =>
        await _database.ReadAsync(
            Scope.None,
            new Statement(
                _database.Pick(
                    "select m from master_keys_in_use() m order by m",
                    "select distinct master_key_id from organization_keys where status <> 4 order by master_key_id"
                )
            ),
            r => r.GetString(0),
            cancellationToken
        );
}
