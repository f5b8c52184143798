namespace Vault.Attacks.Rig;

/// <summary>
/// What the database holds, as a digest per table. Left out: the ledger and its outbox (a refusal may be told there),
/// kept answers of repeated keys, and when something was last used.
/// </summary>
internal sealed class Dump : IDisposable
{
    private static readonly string[] LeftOut = ["ledger", "idempotency", "schema_version"];
    private readonly Database _database;
    private readonly Dictionary<string, string> _queries;

    public Dump(AttackRig rig)
    {
        _database = Database.Of(rig);
        _queries = _database
            .Tables.Where(t => !LeftOut.Any(l => t.StartsWith(l, StringComparison.Ordinal)))
            .ToDictionary(t => t, t => _database.Select(t, _database.Columns(t).Where(c => c != "last_used_at")));
    }

    public int Tables => _queries.Count;

    /// <inheritdoc cref="Database.Version"/>
    public string Version() => _database.Version();

    public Dictionary<string, string> Take() => _queries.ToDictionary(q => q.Key, q => _database.Digest(q.Value));

    public void Dispose() => _database.Dispose();
}
