namespace Vault.Core.Ledger;

/// <summary>Collects findings: limited in number, neighbours of one kind merged, sorted at the end.</summary>
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

    /// <summary>A run of entries that are all misplaced for one reason is one finding, not a thousand.</summary>
    public void Extend(long seq, LedgerFault fault, string detail)
    {
        // Another finding may lie between two of a run, so a few of the latest findings are compared.
        for (var i = _found.Count - 1; i >= 0 && i >= _found.Count - 4; i--)
        {
            if (_found[i] is not { } run || run.Fault != fault || run.ToSeq != seq - 1 || run.Detail != detail)
                continue;
            _found[i] = run with { ToSeq = seq };
            return;
        }

        Add(seq, fault, detail);
    }

    /// <summary>Replaces the findings about an entry when more is known.</summary>
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

    // A stable order: the first finding reported is the first one in the chain.
    public IReadOnlyList<LedgerFinding> InOrder() => [.. _found.OrderBy(f => f.FromSeq).ThenBy(f => f.Fault)];
}
