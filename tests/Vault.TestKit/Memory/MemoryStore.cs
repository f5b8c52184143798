using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

/// <summary>
/// All store ports in memory, for fast tests of the domain rules: atomic and versioned, with the gate check and the
/// outbox in the same write. It passes the same contract suites as the databases. One lock replaces transactions.
/// </summary>
public sealed class MemoryStore
{
    private readonly Lock _lock = new();
    private readonly LedgerEntryWriter _entryWriter;

    public MemoryStore(IEntropy? entropy = null)
    {
        _entryWriter = new LedgerEntryWriter(entropy ?? new SeededEntropy(3));
        Accounts = new MemoryAccountStore(this);
        Organizations = new MemoryOrganizationStore(this);
        Connections = new MemoryConnectionStore(this);
        ApiKeys = new MemoryApiKeyStore(this);
        Links = new MemoryLinkStore(this);
        Idempotency = new MemoryIdempotencyStore(this);
        Outputs = new MemoryOutputStore(this);
        Approvals = new MemoryApprovalStore(this);
        Packs = new MemoryPackStore(this);
        ScopeUses = new MemoryScopeUseStore(this);
        Ledger = new MemoryLedgerStore(this);
    }

    public MemoryAccountStore Accounts { get; }

    public MemoryRefreshNotes RefreshNotes { get; } = new();

    public MemoryOrganizationStore Organizations { get; }

    public MemoryConnectionStore Connections { get; }

    public MemoryApiKeyStore ApiKeys { get; }

    public MemoryLinkStore Links { get; }

    public MemoryIdempotencyStore Idempotency { get; }

    public MemoryOutputStore Outputs { get; }

    public MemoryApprovalStore Approvals { get; }

    public MemoryPackStore Packs { get; }

    public MemoryScopeUseStore ScopeUses { get; }

    public MemoryLedgerStore Ledger { get; }

    /// <summary>
    /// Awaited before every call with the call's name (<c>accounts.find</c>, <c>accounts.update</c>, …). Throw to
    /// simulate an unavailable store, wait to simulate a slow one.
    /// </summary>
    public Func<string, Task>? Before { get; set; }

    /// <summary>
    /// Awaited after a call has done its work. Throw to simulate a lost acknowledgement: the write has happened.
    /// </summary>
    public Func<string, Task>? After { get; set; }

    /// <summary>The drafts that are not yet in the chain, oldest first.</summary>
    internal List<PendingEntry> Outbox { get; } = [];

    internal async Task<T> RunAsync<T>(string call, Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Before is { } before)
            await before(call);
        T result;
        lock (_lock)
            result = work();
        if (After is { } after)
            await after(call);
        return result;
    }

    /// <summary>One compare-and-swap: the gate, then the change, then the drafts; all or nothing.</summary>
    internal Task<WriteOutcome> WriteAsync(
        string call,
        OrganizationId organization,
        GateCheck gate,
        bool insert,
        Func<bool> fits,
        Action change,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        if (drafts.Any(d => d.Organization != organization))
            throw new ArgumentException("A ledger draft must belong to the organization of its write.", nameof(drafts));
        return RunAsync(
            call,
            () =>
            {
                if (insert || gate.RequiredEpoch is not null)
                {
                    if (Organizations.Gate(organization) is not { } stored)
                        return WriteOutcome.GateShut;
                    if (gate.RequiredEpoch is { } epoch && (!stored.Open || stored.Epoch != epoch))
                        return WriteOutcome.GateShut;
                }

                if (!fits())
                    return WriteOutcome.Stale;
                Draft(drafts);
                change();
                return WriteOutcome.Written;
            },
            cancellationToken
        );
    }

    internal void Draft(IReadOnlyList<LedgerDraft> drafts)
    {
        var entries = drafts.Select(_entryWriter.Write).ToList();
        if (
            entries.Exists(e => Outbox.Exists(o => o.Organization == e.Organization && o.EventId == e.EventId))
            || entries.DistinctBy(e => e.EventId).Count() != entries.Count
        )
            throw new InvalidOperationException("The event is already in the outbox.");
        Outbox.AddRange(entries);
    }

    internal static Page<T> Page<T>(IEnumerable<T> rows, Func<T, string> key, string list, int pageSize, string? cursor)
    {
        var after = PageCursor.Decode(list, cursor);
        var taken = rows.OrderBy(key, StringComparer.Ordinal)
            .Where(r => after is null || string.CompareOrdinal(key(r), after) > 0)
            .Take(pageSize + 1)
            .ToList();
        if (taken.Count <= pageSize)
            return new Page<T>(taken, null);
        taken.RemoveAt(taken.Count - 1);
        return new Page<T>(taken, PageCursor.Encode(list, key(taken[^1])));
    }
}
