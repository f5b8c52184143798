using System.Runtime.InteropServices;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Storage.Sql;
using Vault.Storage.Stores;

namespace Vault.Storage.Postgres;

/// <summary>All groups in one call of <c>ledger_append</c>: one round trip, one commit. Why that is safe is said at the function.</summary>
internal sealed class PostgresLedgerAppender(IDatabase database) : ILedgerAppender
{
    private const string Sql = """
        select organization_id, status, seq, hash from ledger_append(@organizations, @expected_seqs, @expected_hashes, @new_seqs, @new_hashes,
          @entry_organizations, @seqs, @events, @times, @bodies, @digests, @prev_hashes, @hashes, @types, @executions, @users, @agents, @tools, @accounts,
          @outbox_organizations, @outbox_events)
        """;

    public async Task<IReadOnlyList<LedgerAppendResult>> AppendAsync(IReadOnlyList<LedgerGroup> groups, CancellationToken cancellationToken)
    {
        LedgerGroup[] all = [.. groups];
        LedgerEntry[] entries = all.Length == 1 ? [.. all[0].Entries] : [.. all.SelectMany(g => g.Entries)];
        var taken = all.Any(g => g.FromOutbox.Count > 0) ? all.SelectMany(g => g.FromOutbox.Distinct().Select(e => (g.Organization, Event: e))).ToArray() : [];
        var statement = new Statement(Sql)
            .Texts("organizations", Array.ConvertAll(all, g => g.Organization.Value))
            .Integers("expected_seqs", Array.ConvertAll(all, g => g.Expected.Seq))
            .BytesList("expected_hashes", Array.ConvertAll(all, g => g.Expected.Hash.ToArray()))
            .Integers("new_seqs", Array.ConvertAll(all, g => g.Entries[^1].Seq))
            .BytesList("new_hashes", Array.ConvertAll(all, g => g.Entries[^1].Hash.ToArray()))
            .Texts("entry_organizations", Array.ConvertAll(entries, e => e.Organization.Value))
            .Integers("seqs", Array.ConvertAll(entries, e => e.Seq))
            .Texts("events", Array.ConvertAll(entries, e => e.EventId))
            .Integers("times", Array.ConvertAll(entries, e => Micros.From(e.Time)))
            .BytesList("bodies", Array.ConvertAll(entries, e => Bytes(e.Body)))
            .BytesList("digests", Array.ConvertAll(entries, e => e.BodyDigest.ToArray()))
            .BytesList("prev_hashes", Array.ConvertAll(entries, e => e.PrevHash.ToArray()))
            .BytesList("hashes", Array.ConvertAll(entries, e => e.Hash.ToArray()))
            .Texts("types", Array.ConvertAll(entries, e => e.Index.Type))
            .Texts("executions", Array.ConvertAll(entries, e => e.Index.ExecutionId))
            .Texts("users", Array.ConvertAll(entries, e => e.Index.User))
            .Texts("agents", Array.ConvertAll(entries, e => e.Index.Agent))
            .Texts("tools", Array.ConvertAll(entries, e => e.Index.Tool))
            .Texts("accounts", Array.ConvertAll(entries, e => e.Index.Account))
            .Texts("outbox_organizations", Array.ConvertAll(taken, t => t.Organization.Value))
            .Texts("outbox_events", Array.ConvertAll(taken, t => t.Event));
        var results = new List<LedgerAppendResult>(all.Length);
        await database.BatchAsync(
            [
                new Step(Scope.None, statement, r => results.Add(new LedgerAppendResult(
                    new OrganizationId(r.GetString(0)), (LedgerAppendStatus)r.GetInt64(1), new LedgerHead(r.GetInt64(2), r.Hash(3))))),
            ],
            cancellationToken);
        return results;
    }

    // The scribe makes an array of a body's own size; only what was read in another way is copied.
    private static byte[]? Bytes(ReadOnlyMemory<byte>? body) =>
        body is not { } bytes ? null : MemoryMarshal.TryGetArray(bytes, out var own) && own.Offset == 0 && own.Count == own.Array!.Length ? own.Array : bytes.ToArray();
}
