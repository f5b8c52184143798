using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Reads a chain entry by entry, in the presented order, and verifies it. It keeps a few values however long the chain
/// is (and one per gap or broken entry). An entry's true number is the one its hash was computed with. The stated
/// number is tried first, then its neighbours, because inserting or removing an entry with renumbering shifts the rest.
/// </summary>
internal sealed class LedgerInspector
{
    private const int MaxUnplaced = 256;

    private readonly OrganizationId _organization;
    private readonly LedgerHead _start;
    private readonly List<LedgerCheckpoint> _checkpoints;
    private readonly LedgerFindings _findings = new();
    private readonly List<(long From, long To)> _missing = [];
    private readonly List<LedgerEntry> _unplaced = [];
    private LedgerHead _last;
    private LedgerEntry? _lastEntry;
    private LedgerEntry? _rival;
    private bool _lastBroken;
    private long _shift;
    private long _entries;
    private long _erased;

    /// <param name="organization">Whose chain.</param>
    /// <param name="start">The head that the first entry must follow.</param>
    /// <param name="checkpoints">Heads the chain must pass through.</param>
    public LedgerInspector(OrganizationId organization, LedgerHead start, List<LedgerCheckpoint> checkpoints)
    {
        (_organization, _start, _checkpoints, _last) = (organization, start, checkpoints, start);
        Settle();
    }

    public void Add(LedgerEntry entry)
    {
        _entries++;
        if (entry.Organization != _organization)
        {
            _findings.Add(
                entry.Seq,
                LedgerFault.ForeignOrganization,
                "The entry belongs to another organization.",
                entry.EventId
            );
            return;
        }

        CheckBody(entry);
        var seq = TrueSeq(entry);
        if (seq is null)
        {
            _findings.Add(
                entry.Seq,
                LedgerFault.EntryChanged,
                "The hash does not match the entry's fields: "
                    + "number, id, time, digest, previous hash or hash was changed.",
                entry.EventId
            );
            if (_unplaced.Count < MaxUnplaced)
                _unplaced.Add(entry);
        }
        else if (seq != entry.Seq)
        {
            _shift = seq.Value - entry.Seq;
            var moved = Math.Abs(_shift) == 1 ? "one place" : "some places";
            _findings.Extend(
                entry.Seq,
                LedgerFault.Reordered,
                $"The entry in this place is renumbered: it belongs {moved} {(_shift > 0 ? "later" : "earlier")}."
            );
        }

        Place(entry, seq ?? entry.Seq, seq is null);
    }

    /// <summary>Adds a head that the chain must pass through, read at the end of an export.</summary>
    public void Expect(LedgerCheckpoint checkpoint) => _checkpoints.Add(checkpoint);

    public void Unreadable(long line, string why) =>
        _findings.Add(line, LedgerFault.Unreadable, $"Line {line} is not a ledger entry: {why}");

    /// <param name="end">The head that the chain must not pass; null when it is not known.</param>
    public LedgerReport Finish(LedgerHead? end)
    {
        ResolveRival(null);
        if (_last != _start)
            Settle();
        foreach (var (from, to) in _missing)
            _findings.Add(
                from,
                to,
                LedgerFault.Removed,
                from == to ? "The entry is missing." : $"{to - from + 1} entries are missing."
            );
        PlaceUnplaced();
        if (_checkpoints.MaxBy(c => c.Head.Seq) is { } furthest && furthest.Head.Seq > _last.Seq)
            _findings.Add(
                _last.Seq + 1,
                furthest.Head.Seq,
                LedgerFault.Removed,
                $"The end of the chain is missing: {furthest.Name} is beyond it."
            );
        if (end is { } head && head.Seq < _last.Seq)
            _findings.Add(head.Seq + 1, _last.Seq, LedgerFault.Inserted, "There are entries beyond the stored head.");
        return new LedgerReport(_organization, _entries, _erased, _last, _findings.InOrder(), _findings.Total);
    }

    private void CheckBody(LedgerEntry entry)
    {
        if (entry.Body is not { } body)
        {
            _erased++;
            if (entry.Index != LedgerIndex.Erased)
                _findings.Add(
                    entry.Seq,
                    LedgerFault.IndexChanged,
                    "The body is erased but query columns are not.",
                    entry.EventId
                );
        }
        else if (LedgerHash.Of(body.Span) != entry.BodyDigest)
        {
            _findings.Add(entry.Seq, LedgerFault.BodyChanged, "The body does not match its digest.", entry.EventId);
        }
        else if (LedgerBody.DisagreesWith(body.Span, entry.Index) is { } column)
        {
            _findings.Add(
                entry.Seq,
                LedgerFault.IndexChanged,
                $"The column '{column}' differs from the body.",
                entry.EventId
            );
        }
    }

    private long? TrueSeq(LedgerEntry entry)
    {
        if (Fits(entry, entry.Seq))
            return entry.Seq;
        if (_shift != 0 && Fits(entry, entry.Seq + _shift))
            return entry.Seq + _shift;
        if (Fits(entry, entry.Seq - 1))
            return entry.Seq - 1;
        return Fits(entry, entry.Seq + 1) ? entry.Seq + 1 : null;
    }

    private bool Fits(LedgerEntry entry, long seq) =>
        LedgerChain.Hash(_organization, seq, entry.PrevHash, entry.EventId, entry.Time, entry.BodyDigest) == entry.Hash
        && entry.Time.UtcTicks % TimeSpan.TicksPerMillisecond == 0;

    private void Place(LedgerEntry entry, long seq, bool broken)
    {
        var expected = _last.Seq + 1;
        if (seq < expected)
        {
            PlaceEarlier(entry, seq);
            return;
        }

        // An entry that is intact itself proves the hash of its predecessor.
        var testimony = seq == expected && !broken ? entry.PrevHash : (LedgerHash?)null;
        ResolveRival(testimony);
        if (seq > expected)
        {
            _missing.Add((expected, seq - 1));
        }
        else if (testimony is { } previous && previous != _last.Hash && !_lastBroken)
        {
            if (_lastEntry is { } before)
                _findings.Add(
                    _last.Seq,
                    LedgerFault.EntryReplaced,
                    $"Entry {seq} was linked to another entry than the one in this place.",
                    before.EventId
                );
            else
                _findings.Add(
                    seq,
                    LedgerFault.EntryReplaced,
                    "The first entry is not linked to the start of the chain.",
                    entry.EventId
                );
        }

        if (_lastEntry is not null)
            Settle();
        (_last, _lastEntry, _lastBroken) = (new LedgerHead(seq, entry.Hash), entry, broken);
    }

    // If two entries have one number, the genuine one is the one that the next entry was linked to or that a checkpoint
    // names.
    private void ResolveRival(LedgerHash? testimony)
    {
        if (_rival is not { } rival || _lastEntry is not { } last)
            return;
        _rival = null;
        var genuine =
            rival.Hash == testimony
            || (last.Hash != testimony && _checkpoints.Any(c => c.Head == _last with { Hash = rival.Hash }));
        Inserted(genuine ? last : rival, _last.Seq);
        if (genuine)
            (_last, _lastEntry, _lastBroken) = (_last with { Hash = rival.Hash }, rival, false);
    }

    // The chain has passed a checkpoint: compare its hash.
    private void Settle()
    {
        foreach (var checkpoint in _checkpoints)
        {
            if (checkpoint.Head.Seq == _last.Seq && checkpoint.Head.Hash != _last.Hash)
                _findings.Add(
                    _last.Seq,
                    LedgerFault.HeadMismatch,
                    $"The chain up to here has another hash than {checkpoint.Name}.",
                    _lastEntry?.EventId
                );
        }
    }

    private void PlaceEarlier(LedgerEntry entry, long seq)
    {
        for (var i = 0; i < _missing.Count; i++)
        {
            var (from, to) = _missing[i];
            if (seq < from || seq > to)
                continue;
            _missing.RemoveAt(i);
            if (seq < to)
                _missing.Insert(i, (seq + 1, to));
            if (seq > from)
                _missing.Insert(i, (from, seq - 1));
            _findings.Add(seq, LedgerFault.Reordered, $"The entry is placed after entry {_last.Seq}.", entry.EventId);
            return;
        }

        // A second entry with the same number. At the end of the chain the next entry decides which one it was linked
        // to.
        if (seq == _last.Seq && _rival is null && seq > _start.Seq)
            _rival = entry;
        else
            Inserted(entry, seq);
    }

    private void Inserted(LedgerEntry entry, long seq)
    {
        const string Detail = "The entry is not part of the chain: another entry has its number.";
        if (!_findings.Restate(entry.Seq, entry.EventId, LedgerFault.EntryChanged, LedgerFault.Inserted, Detail))
            _findings.Add(seq, LedgerFault.Inserted, Detail, entry.EventId);
    }

    // Entries whose fields do not match may be genuine entries with exchanged numbers: rows swapped far apart.
    private void PlaceUnplaced()
    {
        foreach (var entry in _unplaced)
        {
            foreach (var other in _unplaced)
            {
                if (other.Seq == entry.Seq || !Fits(entry, other.Seq))
                    continue;
                _findings.Restate(
                    entry.Seq,
                    entry.EventId,
                    LedgerFault.EntryChanged,
                    LedgerFault.Reordered,
                    $"The entry in this place is entry {other.Seq}."
                );
                break;
            }
        }
    }
}

/// <summary>A head the chain must pass through.</summary>
internal sealed record LedgerCheckpoint(LedgerHead Head, string Name)
{
    public static List<LedgerCheckpoint> Of(LedgerHead? kept, LedgerHead? stored)
    {
        var all = new List<LedgerCheckpoint>(2);
        if (stored is { } there)
            all.Add(new(there, "the stored head"));
        if (kept is { } mine)
            all.Add(new(mine, "the kept head"));
        return all;
    }
}
