using System.Runtime.InteropServices;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// The writer's single-threaded core: takes the waiting entries, links them to the known heads, appends them in one
/// transaction and evaluates the result. Why no entry is lost, duplicated or reordered:
/// <list type="bullet">
/// <item>The store appends only at the head the entries were linked to, so two writers can never both follow one
/// head.</item>
/// <item>An attempt without a reply leaves its entries in doubt. Before a retry the head is read first, and only then
/// the entries are looked up in the chain. An attempt that commits before the head is read is found. One that commits
/// later has moved the head, and the store refuses the retry.</item>
/// <item>Entries keep their order in the list until they are completed.</item>
/// </list>
/// </summary>
internal sealed class LedgerCommitter(
    ILedgerStore store,
    TimeProvider time,
    LedgerWriterOptions options,
    Action<LedgerRound>? onRound
)
{
    private readonly Dictionary<OrganizationId, LedgerHead> _heads = [];

    // Organizations whose transaction failed. Each is committed alone until it succeeds, so that one whose rows the
    // store cannot accept does not block the others.
    private readonly HashSet<OrganizationId> _suspects = [];
    private OrganizationId? _lastSuspect;
    private bool _suspectsTurn;
    private int _failures;

    // How many entries of a chain one transaction takes while another host writes to it too. After a lost race the
    // writer retries with a small batch: a large one takes longer to link and would lose again. The limit doubles with
    // each success, so no host starves.
    private readonly Dictionary<OrganizationId, int> _contended = [];

    public static VaultError Unavailable(string detail) =>
        new(ErrorCatalogue.LedgerUnavailable, detail) { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>
    /// One transaction at most. Never throws: the loop that calls it serves every caller of the process.
    /// </summary>
    public async Task RoundAsync(List<WaitingEntry> pending)
    {
        Expire(pending);
        var batch = Choose(pending);
        if (batch.Count == 0)
            return;
        var started = time.GetTimestamp();
        var round = new LedgerRound(0, batch.Count, 0, false, default, default, 0);
        var sent = false;
        try
        {
            using var limit = new CancellationTokenSource(options.AttemptTimeout, time);
            await LearnHeadsAsync(batch, limit.Token).ConfigureAwait(false);
            var groups = await LinkAsync(batch, limit.Token).ConfigureAwait(false);
            if (groups.Count > 0)
            {
                sent = true;
                var results = await store
                    .AppendAsync(groups, limit.Token)
                    .AsTask()
                    .WaitAsync(limit.Token)
                    .ConfigureAwait(false);
                if (results.Count != groups.Count)
                    throw new InvalidOperationException(
                        "The ledger store returned another number of results than groups."
                    );
                round = Resolve(batch, groups, results, round);
            }

            _failures = 0;
            foreach (var organization in batch.Keys)
                _suspects.Remove(organization);
        }
        catch (Exception)
        {
            // Whatever the exception: if the attempt was sent, its entries are in doubt, and every cached head of it is
            // invalid.
            round = round with { Failed = true };
            foreach (var (organization, entries) in batch)
            {
                _heads.Remove(organization);
                if (sent)
                    entries.ForEach(static e => e.InDoubt = true);
                _suspects.Add(organization);
            }
        }

        var storeTime = time.GetElapsedTime(started);
        Report(round with { StoreTime = storeTime, Lag = Oldest(batch), Waiting = pending.Count(static e => !e.Done) });
        if (round.Failed)
            await PauseAsync().ConfigureAwait(false);
    }

    private void Expire(List<WaitingEntry> pending)
    {
        foreach (var entry in pending)
            if (time.GetElapsedTime(entry.QueuedAt) >= options.AppendTimeout)
                entry.Fail(Unavailable("The ledger could not be written in time."));
    }

    // The waiting entries by organization; suspects one at a time, in turn with the rest.
    private Dictionary<OrganizationId, List<WaitingEntry>> Choose(List<WaitingEntry> pending)
    {
        var batch = new Dictionary<OrganizationId, List<WaitingEntry>>();
        OrganizationId? suspect =
            _suspects.Count > 0
            && (_suspectsTurn || pending.All(e => e.Done || _suspects.Contains(e.Entry.Organization)))
                ? NextSuspect(pending)
                : null;
        _suspectsTurn = suspect is null;
        var taken = 0;
        foreach (var entry in pending)
        {
            if (entry.Done || taken == options.GroupLimit)
                continue;
            var organization = entry.Entry.Organization;
            if (suspect is { } alone ? organization != alone : _suspects.Contains(organization))
                continue;
            var chosen = CollectionsMarshal.GetValueRefOrAddDefault(batch, organization, out _) ??= [];
            if (_contended.TryGetValue(organization, out var most) && chosen.Count >= most)
                continue;
            chosen.Add(entry);
            taken++;
        }

        return batch;
    }

    private OrganizationId? NextSuspect(List<WaitingEntry> pending)
    {
        var waiting = pending
            .Where(e => !e.Done && _suspects.Contains(e.Entry.Organization))
            .Select(e => e.Entry.Organization)
            .Distinct()
            .ToList();
        if (waiting.Count == 0)
            return null;
        var at = _lastSuspect is { } last ? waiting.IndexOf(last) : -1;
        _lastSuspect = waiting[(at + 1) % waiting.Count];
        return _lastSuspect;
    }

    private async Task LearnHeadsAsync(
        Dictionary<OrganizationId, List<WaitingEntry>> batch,
        CancellationToken cancellationToken
    )
    {
        List<OrganizationId>? unknown = null;
        foreach (var (organization, entries) in batch)
        {
            // In doubt: read the head first, then look the entries up in the chain (see the summary).
            if (entries.Exists(static e => e.InDoubt))
                _heads.Remove(organization);
            if (!_heads.ContainsKey(organization))
                (unknown ??= []).Add(organization);
        }

        if (unknown is null)
            return;
        var heads = await store
            .ReadHeadsAsync(unknown, cancellationToken)
            .AsTask()
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
        if (_heads.Count + unknown.Count > options.HeadsRemembered)
        {
            _heads.Clear();
            _contended.Clear();
        }

        for (var i = 0; i < unknown.Count; i++)
            _heads[unknown[i]] = heads[i];

        // Clearing the cache may have dropped heads that this batch needs; the next round reads them.
        foreach (var organization in batch.Keys.Where(o => !_heads.ContainsKey(o)).ToList())
            batch.Remove(organization);
    }

    private async Task<List<LedgerGroup>> LinkAsync(
        Dictionary<OrganizationId, List<WaitingEntry>> batch,
        CancellationToken cancellationToken
    )
    {
        var groups = new List<LedgerGroup>(batch.Count);
        foreach (var (organization, entries) in batch)
        {
            if (entries.Exists(static e => e.InDoubt))
            {
                await ResolveAsync(organization, entries, cancellationToken).ConfigureAwait(false);
                entries.RemoveAll(static e => e.Done);
                if (entries.Count == 0)
                    continue;
            }

            // The same event is queued twice (a caller repeated it). The second one waits a round and is then found in
            // the chain.
            var seen = new HashSet<string>(entries.Count, StringComparer.Ordinal);
            entries.RemoveAll(e => !seen.Add(e.Entry.EventId));
            var expected = _heads[organization];
            var head = expected;
            var links = new LedgerEntry[entries.Count];
            List<string>? fromOutbox = null;
            for (var i = 0; i < links.Length; i++)
            {
                var waiting = entries[i];
                links[i] = LedgerChain.Link(head, waiting.Entry, waiting.BodyDigest);
                head = new LedgerHead(links[i].Seq, links[i].Hash);
                if (waiting.FromOutbox)
                    (fromOutbox ??= []).Add(waiting.Entry.EventId);
            }

            groups.Add(new LedgerGroup(organization, expected, links, fromOutbox ?? (IReadOnlyList<string>)[]));
        }

        return groups;
    }

    // Finds the in-doubt entries that were committed. An outbox row that is neither in the chain nor in the outbox was
    // erased with its organization.
    private async Task ResolveAsync(
        OrganizationId organization,
        List<WaitingEntry> entries,
        CancellationToken cancellationToken
    )
    {
        var doubtful = entries.Where(static e => e.InDoubt).ToList();
        var found = await store
            .FindEventsAsync(organization, [.. doubtful.Select(static e => e.Entry.EventId)], cancellationToken)
            .AsTask()
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
        var unexplained = false;
        foreach (var entry in doubtful)
        {
            if (found.Contains(entry.Entry.EventId))
                entry.Succeed();
            else if (entry is { FromOutbox: true, DuplicateSeen: true })
                entry.Vanish();
            else
                unexplained |= entry.DuplicateSeen;
            entry.DuplicateSeen = false;
        }

        // The store refused a duplicate but holds none of the entries. A correct store never does this; fail instead of
        // looping.
        if (unexplained && !doubtful.Exists(static e => e.Done))
            throw new InvalidOperationException("The ledger store refused a duplicate that it does not hold.");
    }

    private LedgerRound Resolve(
        Dictionary<OrganizationId, List<WaitingEntry>> batch,
        List<LedgerGroup> groups,
        IReadOnlyList<LedgerAppendResult> results,
        LedgerRound round
    )
    {
        for (var i = 0; i < groups.Count; i++)
        {
            var organization = groups[i].Organization;
            var entries = batch[organization];
            _heads[organization] = results[i].Head;
            switch (results[i].Status)
            {
                case LedgerAppendStatus.Appended:
                    // The head follows from what was sent. If the store reports another one, it is read again.
                    if (results[i].Head.Hash != groups[i].Entries[^1].Hash)
                        _heads.Remove(organization);
                    entries.ForEach(static e => e.Succeed());
                    if (
                        _contended.TryGetValue(organization, out var most)
                        && (_contended[organization] = most * 2) >= options.GroupLimit
                    )
                        _contended.Remove(organization);
                    round = round with { Appended = round.Appended + entries.Count };
                    break;
                case LedgerAppendStatus.HeadMoved:
                    _contended[organization] = Math.Max(
                        entries.Count / 4,
                        Math.Min(options.LeastContended, options.GroupLimit)
                    );
                    round = round with { Conflicts = round.Conflicts + 1 };
                    break;
                default:
                    foreach (var entry in entries)
                        entry.InDoubt = entry.DuplicateSeen = true;
                    round = round with { Conflicts = round.Conflicts + 1 };
                    break;
            }
        }

        return round;
    }

    private TimeSpan Oldest(Dictionary<OrganizationId, List<WaitingEntry>> batch)
    {
        var oldest = TimeSpan.Zero;
        foreach (var entries in batch.Values)
            if (entries.Count > 0 && time.GetElapsedTime(entries[0].QueuedAt) is var waited && waited > oldest)
                oldest = waited;
        return oldest;
    }

    private void Report(LedgerRound round)
    {
        try
        {
            onRound?.Invoke(round);
        }
        catch (Exception)
        {
            // A metric that fails must not stop the ledger.
        }
    }

    private Task PauseAsync()
    {
        var pause = options.FirstPause * Math.Pow(2, Math.Min(_failures++, 16));
        return Task.Delay(pause < options.LongestPause ? pause : options.LongestPause, time);
    }
}
