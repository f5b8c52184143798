namespace Vault.Attacks.Rig;

/// <summary>What the database holds, as a digest per table. Left out: the ledger and its outbox (a refusal may be told there), kept answers of repeated keys, and when something was last used.</summary>
internal sealed class Dump : IDisposable
{
    private static readonly string[] LeftOut = ["ledger", "idempotency", "schema_version"];
    private readonly DatabaseFile _file;
    private readonly Dictionary<string, string> _queries;

    public Dump(string folder)
    {
        _file = new DatabaseFile(folder);
        _queries = _file.Tables.Where(t => !LeftOut.Any(l => t.StartsWith(l, StringComparison.Ordinal))).ToDictionary(
            t => t, t => $"select {string.Join(", ", _file.Columns(t).Where(c => c != "last_used_at").Select(c => '"' + c + '"'))} from \"{t}\" order by 1, 2");
    }

    public int Tables => _queries.Count;

    /// <summary>Changes exactly when another connection has committed something.</summary>
    public long Version() => _file.Version();

    public Dictionary<string, string> Take() => _queries.ToDictionary(q => q.Key, q => _file.Digest(q.Value));

    public void Dispose() => _file.Dispose();
}
