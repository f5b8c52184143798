using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.TestKit.Memory;

public sealed class MemoryLedgerStore(MemoryStore store) : ILedgerStore
{
    private readonly Dictionary<OrganizationId, LedgerHead> _heads = [];
    private readonly Dictionary<OrganizationId, SortedDictionary<long, LedgerEntry>> _chains = [];

    public async ValueTask<IReadOnlyList<LedgerAppendResult>> AppendAsync(
        IReadOnlyList<LedgerGroup> groups,
        CancellationToken cancellationToken
    )
    {
        if (groups.Any(g => g.Entries.Count == 0))
            throw new ArgumentException("A group has at least one entry.", nameof(groups));
        if (groups.DistinctBy(g => g.Organization).Count() != groups.Count)
            throw new ArgumentException("At most one group per organization.", nameof(groups));
        return await store.RunAsync<IReadOnlyList<LedgerAppendResult>>(
            "ledger.append",
            () => [.. groups.Select(Append)],
            cancellationToken
        );
    }

    public async ValueTask<IReadOnlyList<LedgerHead>> ReadHeadsAsync(
        IReadOnlyList<OrganizationId> organizations,
        CancellationToken cancellationToken
    ) =>
        await store.RunAsync<IReadOnlyList<LedgerHead>>(
            "ledger.read_heads",
            () => [.. organizations.Select(o => _heads.GetValueOrDefault(o))],
            cancellationToken
        );

    public async ValueTask<IReadOnlyList<LedgerEntry>> ReadAsync(
        OrganizationId organization,
        long fromSeq,
        int limit,
        CancellationToken cancellationToken
    ) =>
        await store.RunAsync<IReadOnlyList<LedgerEntry>>(
            "ledger.read",
            () => [.. Chain(organization).Values.Where(e => e.Seq >= fromSeq).Take(limit)],
            cancellationToken
        );

    public async ValueTask<IReadOnlySet<string>> FindEventsAsync(
        OrganizationId organization,
        IReadOnlyList<string> eventIds,
        CancellationToken cancellationToken
    ) =>
        await store.RunAsync<IReadOnlySet<string>>(
            "ledger.find_events",
            () => Chain(organization).Values.Select(e => e.EventId).Intersect(eventIds).ToHashSet(),
            cancellationToken
        );

    public async ValueTask<LedgerPage> QueryAsync(LedgerQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, 1000);
        return await store.RunAsync(
            "ledger.query",
            () =>
            {
                var fitting = Chain(query.Organization)
                    .Values.Where(e =>
                        (query.Type is null || e.Index.Type == query.Type)
                        && (query.ExecutionId is null || e.Index.ExecutionId == query.ExecutionId)
                        && (query.User is null || e.Index.User == query.User)
                        && (query.Agent is null || e.Index.Agent == query.Agent)
                        && (query.Tool is null || e.Index.Tool == query.Tool)
                        && (query.Account is null || e.Index.Account == query.Account)
                        && !(e.Time < query.From)
                        && !(e.Time >= query.Until)
                        && (query.Cursor is not { } cursor || (query.NewestFirst ? e.Seq < cursor : e.Seq > cursor))
                    );
                var page = (query.NewestFirst ? fitting.Reverse() : fitting).Take(query.Limit + 1).ToList();
                if (page.Count <= query.Limit)
                    return new LedgerPage(page, null);
                page.RemoveAt(page.Count - 1);
                return new LedgerPage(page, page[^1].Seq);
            },
            cancellationToken
        );
    }

    public async ValueTask<IReadOnlyList<PendingEntry>> ReadOutboxAsync(
        int limit,
        CancellationToken cancellationToken
    ) =>
        await store.RunAsync<IReadOnlyList<PendingEntry>>(
            "ledger.read_outbox",
            () => [.. store.Outbox.Take(limit)],
            cancellationToken
        );

    public async ValueTask<int> EraseBodiesAsync(
        OrganizationId organization,
        long throughSeq,
        int limit,
        CancellationToken cancellationToken
    ) =>
        await store.RunAsync(
            "ledger.erase",
            () =>
            {
                var chain = Chain(organization);
                var erased = chain.Values.Where(e => e.Seq <= throughSeq && e.Body is not null).Take(limit).ToList();
                foreach (var entry in erased)
                    chain[entry.Seq] = entry with { Body = null, Index = LedgerIndex.Erased };
                return erased.Count;
            },
            cancellationToken
        );

    private LedgerAppendResult Append(LedgerGroup group)
    {
        var head = _heads.GetValueOrDefault(group.Organization);
        if (head != group.Expected)
            return new LedgerAppendResult(group.Organization, LedgerAppendStatus.HeadMoved, head);
        var chain = Chain(group.Organization);
        var waiting = store
            .Outbox.Where(o => o.Organization == group.Organization && group.FromOutbox.Contains(o.EventId))
            .ToList();
        if (
            waiting.Count != group.FromOutbox.Distinct().Count()
            || chain.Values.Any(c => group.Entries.Any(e => e.EventId == c.EventId))
        )
            return new LedgerAppendResult(group.Organization, LedgerAppendStatus.Duplicate, head);
        foreach (var entry in group.Entries)
            chain.Add(entry.Seq, entry);
        foreach (var entry in waiting)
            store.Outbox.Remove(entry);
        head = new LedgerHead(group.Entries[^1].Seq, group.Entries[^1].Hash);
        _heads[group.Organization] = head;
        return new LedgerAppendResult(group.Organization, LedgerAppendStatus.Appended, head);
    }

    private SortedDictionary<long, LedgerEntry> Chain(OrganizationId organization) =>
        _chains.TryGetValue(organization, out var chain) ? chain : _chains[organization] = [];
}
