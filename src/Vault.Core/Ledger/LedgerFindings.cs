using System.Runtime.InteropServices;

namespace Vault.Core.Ledger;

/// <summary>Collects findings: bounded, neighbours of one kind merged, in order at the end.</summary>
internal sealed class LedgerFindings
{
    private readonly List<LedgerFinding> _found = [];

    public long Total { get; private set; }

    public void Add(long fromSeq, long toSeq, LedgerFault fault, string detail, string? eventId = null)
    {
        Total++;
        if (_found.Count < LedgerReport.MaxFindings) _found.Add(new LedgerFinding(fromSeq, toSeq, fault, detail, eventId));
    }

    public void Add(long seq, LedgerFault fault, string detail, string? eventId = null) => Add(seq, seq, fault, detail, eventId);

    /// <summary>A run of entries that all stand in a wrong place for one reason is one finding, not a thousand.</summary>
    public void Extend(long seq, LedgerFault fault, string detail)
    {
        if (_found.Count > 0 && _found[^1] is var last && last.Fault == fault && last.ToSeq == seq - 1 && last.Detail == detail) _found[^1] = last with { ToSeq = seq, EventId = null };
        else Add(seq, fault, detail);
    }

    /// <summary>Replaces what was said about an entry before more was known.</summary>
    public bool Restate(long seq, string eventId, LedgerFault was, LedgerFault fault, string detail)
    {
        for (var i = 0; i < _found.Count; i++)
        {
            if (_found[i].FromSeq != seq || _found[i].Fault != was || _found[i].EventId != eventId) continue;
            _found[i] = _found[i] with { Fault = fault, Detail = detail };
            return true;
        }

        return false;
    }

    public IReadOnlyList<LedgerFinding> InOrder()
    {
        // A stable order: the first finding named is the first in the chain.
        var ordered = _found.OrderBy(f => f.FromSeq).ThenBy(f => f.Fault).ToArray();
        return ImmutableCollectionsMarshal.AsImmutableArray(ordered);
    }
}
