using Vault.Attacks.Rig;

namespace Vault.Attacks.Tenants;

/// <summary>
/// The rows of one organization, as a digest per table; without when something was last used, which is noted a while
/// after the use.
/// </summary>
internal sealed class VictimDump : IDisposable
{
    // What the ledger says, or is about to say: an entry moves from the outbox into the chain in its own time, and that
    // is no change.
    private const string Ledger =
        "select event_id from ledger_entries where organization_id = @o union select event_id from ledger_outbox where organization_id = @o order by 1";

    private readonly Database _database;
    private readonly Dictionary<string, string> _queries = new() { ["ledger"] = Ledger };

    public VictimDump(AttackRig rig)
    {
        _database = Database.Of(rig);
        foreach (var table in _database.Tables.Where(t => !t.StartsWith("ledger_", StringComparison.Ordinal)))
        {
            var columns = _database.Columns(table);
            var owner =
                columns.Contains("organization_id") ? "organization_id"
                : table == "organizations" ? "id"
                : null;
            if (owner is not null)
                _queries[table] = _database.Select(
                    table,
                    columns.Where(c => c != "last_used_at"),
                    $"where {owner} = @o"
                );
        }
    }

    public Dictionary<string, string> Take(string organization) =>
        _queries.ToDictionary(q => q.Key, q => _database.Digest(q.Value, organization));

    public void Dispose() => _database.Dispose();
}
