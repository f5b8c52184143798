using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.TestKit.Ledger;

/// <summary>
/// The ledger's tables in memory: atomic, with the unique keys of the real tables. Tests inject failures.
/// </summary>
public sealed class InMemoryLedgerStore : ILedgerStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<OrganizationId, Chain> _chains = [];
    private readonly List<PendingEntry> _outbox = [];

    /// <summary>Awaited before an append. Throws to simulate an unavailable store.</summary>
    public Func<IReadOnlyList<LedgerGroup>, Task>? BeforeAppend { get; set; }

    /// <summary>Awaited after the commit. Throws to simulate a lost acknowledgement.</summary>
    public Func<IReadOnlyList<LedgerGroup>, Task>? AfterAppend { get; set; }

    /// <summary>The number of committed transactions.</summary>
    public int Commits { get; private set; }

    /// <summary>The number of groups in each append call.</summary>
    public List<int> Calls { get; } = [];

    public void AddToOutbox(params IEnumerable<PendingEntry> entries)
    {
        lock (_gate)
            _outbox.AddRange(entries);
    }

    public int OutboxCount
    {
        get
        {
            lock (_gate)
                return _outbox.Count;
        }
    }

    /// <summary>The entries of the organization in stored order.</summary>
    public IReadOnlyList<LedgerEntry> Entries(OrganizationId organization)
    {
        lock (_gate)
            return [.. Of(organization).Rows];
    }

    /// <summary>Changes rows and head as an attacker with access to the database would.</summary>
    public void Tamper(OrganizationId organization, Action<List<LedgerEntry>> change, LedgerHead? head = null)
    {
        lock (_gate)
        {
            var chain = Of(organization);
            change(chain.Rows);
            chain.Head = head ?? chain.Head;
        }
    }

    public async ValueTask<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
            Calls.Add(groups.Count);
        if (BeforeAppend is { } before)
            await before(groups);
        List<LedgerAppendResult> results;
        lock (_gate)
        {
            Assert.Equal(groups.Count, groups.Select(g => g.Organization).Distinct().Count());
            results =
            [
                .. groups.Select(g => new LedgerAppendResult(g.Organization, Append(g), Of(g.Organization).Head)),
            ];
            Commits++;
        }

        if (AfterAppend is { } after)
            await after(groups);
        return results;
    }

    public ValueTask<IReadOnlyList<LedgerHead>> ReadHeadsAsync(
        IReadOnlyList<OrganizationId> organizations,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
            return new([.. organizations.Select(o => Of(o).Head)]);
    }

    public ValueTask<IReadOnlyList<LedgerEntry>> ReadAsync(
        OrganizationId organization,
        long fromSeq,
        int limit,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
            return new([.. Of(organization).Rows.Where(e => e.Seq >= fromSeq).OrderBy(e => e.Seq).Take(limit)]);
    }

    public ValueTask<IReadOnlySet<string>> FindEventsAsync(
        OrganizationId organization,
        IReadOnlyList<string> eventIds,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
            return new(eventIds.Where(Of(organization).Events.Contains).ToHashSet(StringComparer.Ordinal));
    }

    public ValueTask<LedgerPage> QueryAsync(LedgerQuery query, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var fitting = Of(query.Organization)
                .Rows.Where(e =>
                    Fits(query.Type, e.Index.Type)
                    && Fits(query.ExecutionId, e.Index.ExecutionId)
                    && Fits(query.User, e.Index.User)
                    && Fits(query.Agent, e.Index.Agent)
                    && Fits(query.Tool, e.Index.Tool)
                    && Fits(query.Account, e.Index.Account)
                    && (query.From is not { } from || e.Time >= from)
                    && (query.Until is not { } until || e.Time < until)
                    && (query.Cursor is not { } cursor || (query.NewestFirst ? e.Seq < cursor : e.Seq > cursor))
                );
            var page = (query.NewestFirst ? fitting.OrderByDescending(e => e.Seq) : fitting.OrderBy(e => e.Seq))
                .Take(query.Limit + 1)
                .ToList();
            return new(
                page.Count > query.Limit
                    ? new LedgerPage(page[..query.Limit], page[query.Limit - 1].Seq)
                    : new LedgerPage(page, null)
            );
        }
    }

    public ValueTask<IReadOnlyList<PendingEntry>> ReadOutboxAsync(int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return new([.. _outbox.Take(limit)]);
    }

    public ValueTask<int> EraseBodiesAsync(
        OrganizationId organization,
        long throughSeq,
        int limit,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
        {
            var rows = Of(organization).Rows;
            var erased = 0;
            for (var i = 0; i < rows.Count && erased < limit; i++)
            {
                if (rows[i].Body is null || rows[i].Seq > throughSeq)
                    continue;
                rows[i] = rows[i] with { Body = null, Index = LedgerIndex.Erased };
                erased++;
            }

            return new(erased);
        }
    }

    private LedgerAppendStatus Append(LedgerGroup group)
    {
        var chain = Of(group.Organization);
        Assert.NotEmpty(group.Entries);
        if (chain.Head != group.Expected)
            return LedgerAppendStatus.HeadMoved;
        var leaving = _outbox
            .Where(p => p.Organization == group.Organization && group.FromOutbox.Contains(p.EventId))
            .ToList();
        if (leaving.Count != group.FromOutbox.Count || group.Entries.Any(e => chain.Events.Contains(e.EventId)))
            return LedgerAppendStatus.Duplicate;
        leaving.ForEach(p => _outbox.Remove(p));
        foreach (var entry in group.Entries)
        {
            Assert.Equal(chain.Head.Seq + 1, entry.Seq);
            Assert.True(chain.Events.Add(entry.EventId), "an event id twice in one group");
            chain.Rows.Add(entry);
            chain.Head = new LedgerHead(entry.Seq, entry.Hash);
        }

        return LedgerAppendStatus.Appended;
    }

    private static bool Fits(string? wanted, string? actual) => wanted is null || wanted == actual;

    private Chain Of(OrganizationId organization) =>
        _chains.TryGetValue(organization, out var chain) ? chain : _chains[organization] = new Chain();

    private sealed class Chain
    {
        public List<LedgerEntry> Rows { get; } = [];

        public HashSet<string> Events { get; } = new(StringComparer.Ordinal);

        public LedgerHead Head { get; set; }
    }
}
