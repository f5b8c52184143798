namespace Vault.Core.Ledger;

/// <summary>Collects findings: bounded, neighbours of one kind merged, in order at the end.</summary>
internal sealed class LedgerFindings
{
    private readonly List<LedgerFinding> _found = [];

    public long Total { get; private set; }

    public void Add(long fromSeq, long toSeq, LedgerFault fault, string detail, string? eventId = null)
    {
        Total++;
        if (_found.Count < LedgerReport.MaxFindings)
            _found.Add(new LedgerFinding(fromSeq, toSeq, fault, detail, eventId));
    }

    public void Add(long seq, LedgerFault fault, string detail, string? eventId = null) =>
        Add(seq, seq, fault, detail, eventId);

    /// <summary>
    /// A run of entries that all stand in a wrong place for one reason is one finding, not a thousand.
    /// </summary>
    public void Extend(long seq, LedgerFault fault, string detail)
    {
        // Another finding may have come between two of a run; looking back a little is enough.
        for (var i = _found.Count - 1; i >= 0 && i >= _found.Count - 4; i--)
        {
            if (_found[i] is not { } run || run.Fault != fault || run.ToSeq != seq - 1 || run.Detail != detail)
                continue;
            _found[i] = run with { ToSeq = seq };
            return;
        }

        Add(seq, fault, detail);
    }

    /// <summary>Replaces what was said about an entry before more was known.</summary>
    public bool Restate(long seq, string eventId, LedgerFault was, LedgerFault fault, string detail)
    {
        for (var i = 0; i < _found.Count; i++)
        {
            if (_found[i].FromSeq != seq || _found[i].Fault != was || _found[i].EventId != eventId)
                continue;
            _found[i] = _found[i] with { Fault = fault, Detail = detail };
            return true;
        }

        return false;
    }

    // A stable order: the first finding named is the first in the chain.
    public IReadOnlyList<LedgerFinding> InOrder() => [.. _found.OrderBy(f => f.FromSeq).ThenBy(f => f.Fault)];
}
