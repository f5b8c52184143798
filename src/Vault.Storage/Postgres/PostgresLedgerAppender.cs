using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Storage.Stores;

namespace Vault.Storage.Postgres;

/// <summary>
/// Appends all groups with one call of <c>ledger_extend</c>: one round trip, one commit. The comment at the SQL
/// function explains why this is safe.
/// </summary>
/// <param name="database">With sessions of its own (<see cref="PostgresConnections.LedgerSource"/>).</param>
internal sealed class PostgresLedgerAppender(PostgresDatabase database) : ILedgerAppender, IAsyncDisposable
{
    // Creating a command with its parameters costs more than filling it, so one command is kept. A concurrent append
    // creates another one, and one of the two is kept afterwards.
    private LedgerAppendCommand? _spare;

    public async Task<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    )
    {
        var command = Interlocked.Exchange(ref _spare, null) ?? new LedgerAppendCommand();
        command.Fill(groups);
        var results = await database.WritingAsync(command.RunAsync, cancellationToken);
        // After an exception the command is not kept: an abandoned attempt may still read it.
        command.Clear();
        _spare = command;
        return results;
    }

    public async ValueTask DisposeAsync()
    {
        _spare?.Dispose();
        await database.DisposeAsync();
    }
}

/// <summary>
/// The call of <c>ledger_extend</c>, and of <c>ledger_append</c> after it. One append uses it at a time.
/// </summary>
internal sealed class LedgerAppendCommand : IDisposable
{
    private readonly NpgsqlParameter<string?[]> _organizations = Texts(),
        _entryOrganizations = Texts(),
        _events = Texts(),
        _types = Texts(),
        _executions = Texts(),
        _users = Texts(),
        _agents = Texts(),
        _tools = Texts(),
        _accounts = Texts(),
        _outboxOrganizations = Texts(),
        _outboxEvents = Texts();
    private readonly NpgsqlParameter<long[]> _expectedSeqs = Integers(),
        _newSeqs = Integers(),
        _seqs = Integers(),
        _times = Integers();
    private readonly NpgsqlParameter<byte[]?[]> _expectedHashes = Bytes(),
        _newHashes = Bytes(),
        _bodies = Bytes(),
        _digests = Bytes(),
        _prevHashes = Bytes(),
        _hashes = Bytes();
    private readonly NpgsqlCommand _command;
    private readonly string _extend;
    private readonly string _appendOrExplain;
    private int _groups;

    public LedgerAppendCommand()
    {
        NpgsqlParameter[] all =
        [
            _organizations,
            _expectedSeqs,
            _expectedHashes,
            _newSeqs,
            _newHashes,
            _entryOrganizations,
            _seqs,
            _events,
            _times,
            _bodies,
            _digests,
            _prevHashes,
            _hashes,
            _types,
            _executions,
            _users,
            _agents,
            _tools,
            _accounts,
            _outboxOrganizations,
            _outboxEvents,
        ];
        var placeholders = string.Join(
            ", ",
            all.Select((_, i) => "$" + (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture))
        );
        _extend = $"select organization_id, status, seq, hash from ledger_extend({placeholders})";
        _appendOrExplain = $"select organization_id, status, seq, hash from ledger_append({placeholders})";
        _command = new NpgsqlCommand();
        _command.Parameters.AddRange(all);
    }

    public void Fill(IReadOnlyList<LedgerGroup> groups)
    {
        LedgerGroup[] all = [.. groups];
        LedgerEntry[] entries = all.Length == 1 ? [.. all[0].Entries] : [.. all.SelectMany(g => g.Entries)];
        var taken = all.Any(g => g.FromOutbox.Count > 0)
            ? all.SelectMany(g => g.FromOutbox.Distinct().Select(e => (g.Organization, Event: e))).ToArray()
            : [];
        _groups = all.Length;
        _organizations.TypedValue = Array.ConvertAll(all, g => g.Organization.Value);
        _expectedSeqs.TypedValue = Array.ConvertAll(all, g => g.Expected.Seq);
        _expectedHashes.TypedValue = Array.ConvertAll(all, g => g.Expected.Hash.ToArray());
        _newSeqs.TypedValue = Array.ConvertAll(all, g => g.Entries[^1].Seq);
        _newHashes.TypedValue = Array.ConvertAll(all, g => g.Entries[^1].Hash.ToArray());
        _entryOrganizations.TypedValue = Array.ConvertAll(entries, e => e.Organization.Value);
        _seqs.TypedValue = Array.ConvertAll(entries, e => e.Seq);
        _events.TypedValue = Array.ConvertAll(entries, e => e.EventId);
        _times.TypedValue = Array.ConvertAll(entries, e => Sql.Micros.From(e.Time));
        _bodies.TypedValue = Array.ConvertAll(entries, e => Own(e.Body));
        _digests.TypedValue = Array.ConvertAll(entries, e => e.BodyDigest.ToArray());
        _prevHashes.TypedValue = Array.ConvertAll(entries, e => e.PrevHash.ToArray());
        _hashes.TypedValue = Array.ConvertAll(entries, e => e.Hash.ToArray());
        _types.TypedValue = Array.ConvertAll(entries, e => e.Index.Type);
        _executions.TypedValue = Array.ConvertAll(entries, e => e.Index.ExecutionId);
        _users.TypedValue = Array.ConvertAll(entries, e => e.Index.User);
        _agents.TypedValue = Array.ConvertAll(entries, e => e.Index.Agent);
        _tools.TypedValue = Array.ConvertAll(entries, e => e.Index.Tool);
        _accounts.TypedValue = Array.ConvertAll(entries, e => e.Index.Account);
        _outboxOrganizations.TypedValue = Array.ConvertAll(taken, t => t.Organization.Value);
        _outboxEvents.TypedValue = Array.ConvertAll(taken, t => t.Event);
    }

    /// <summary>Runs in one implicit transaction. The driver prepares the statement once per session.</summary>
    public async Task<IReadOnlyList<LedgerAppendResult>> RunAsync(NpgsqlConnection connection)
    {
        _command.Connection = connection;
        try
        {
            return await RunAsync(_extend);
        }
        catch (PostgresException e) when (PostgresErrors.IsDoubledEntry(e))
        {
            // The transaction is undone, heads included. This is rare: a reply was lost, or two hosts drain the outbox.
            return await RunAsync(_appendOrExplain);
        }
    }

    private async Task<IReadOnlyList<LedgerAppendResult>> RunAsync(string sql)
    {
        _command.CommandText = sql;
        await using var reader = await _command.ExecuteReaderAsync(CancellationToken.None);
        var results = new List<LedgerAppendResult>(_groups);
        while (await reader.ReadAsync(CancellationToken.None))
            results.Add(
                new LedgerAppendResult(
                    new OrganizationId(reader.GetString(0)),
                    (LedgerAppendStatus)reader.GetInt64(1),
                    new LedgerHead(reader.GetInt64(2), reader.Hash(3))
                )
            );
        return results;
    }

    /// <summary>Removes the appended data, so that the kept command does not hold it in memory.</summary>
    public void Clear()
    {
        _command.Connection = null;
        foreach (NpgsqlParameter parameter in _command.Parameters)
        {
            if (parameter is NpgsqlParameter<string?[]> texts)
                texts.TypedValue = [];
            else if (parameter is NpgsqlParameter<byte[]?[]> bytes)
                bytes.TypedValue = [];
        }
    }

    public void Dispose() => _command.Dispose();

    private static NpgsqlParameter<string?[]> Texts() =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static NpgsqlParameter<long[]> Integers() =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter<byte[]?[]> Bytes() =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    // The entry writer creates an array of the body's exact size; only a body from another source is copied.
    private static byte[]? Own(ReadOnlyMemory<byte>? body) =>
        body is not { } bytes ? null
        : MemoryMarshal.TryGetArray(bytes, out var own) && own.Offset == 0 && own.Count == own.Array!.Length ? own.Array
        : bytes.ToArray();
}
