using Vault.Core.Ledger;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

/// <summary>Somebody with the database password changes history; the verifier finds it and says where.</summary>
public sealed class LedgerVerifierTests : IAsyncLifetime
{
    private const int Entries = 12;
    private readonly LedgerBench _bench = new();
    private LedgerHead _kept;

    public async Task InitializeAsync()
    {
        await _bench.FillAsync(Entries);
        _kept = (await _bench.Store.ReadHeadsAsync([Acme], default))[0];
    }

    public async Task DisposeAsync() => await _bench.CloseAsync();

    [Fact]
    public async Task An_untouched_chain_is_intact_and_its_end_is_what_to_keep()
    {
        var report = await VerifyAsync(_kept);
        Assert.True(report.IsIntact);
        Assert.Equal((Entries, 0L, _kept), (report.Entries, report.Erased, report.Last));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(Entries)]
    public async Task A_changed_body_is_named(int seq)
    {
        Change(seq, e =>
            e with
            {
                Body = Replace(e.Body!.Value, "agt_1", "agt_2"),
                Index = e.Index with { Agent = "agt_2" },
            }
        );
        await OnlyAsync(seq, seq, LedgerFault.BodyChanged);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(Entries)]
    public async Task A_body_changed_together_with_its_digest_is_named(int seq)
    {
        Change(seq, e =>
        {
            var body = Replace(e.Body!.Value, "agt_1", "agt_2");
            return e with
            {
                Body = body,
                BodyDigest = LedgerHash.Of(body.Span),
                Index = e.Index with { Agent = "agt_2" },
            };
        });
        await OnlyAsync(seq, seq, LedgerFault.EntryChanged);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(Entries - 1)]
    public async Task An_entry_replaced_and_hashed_again_is_named_by_the_next(int seq)
    {
        Change(seq, Forge);
        await OnlyAsync(seq, seq, LedgerFault.EntryReplaced);
    }

    [Fact]
    public async Task The_last_entry_replaced_and_hashed_again_is_named_by_the_head()
    {
        Change(Entries, Forge);
        await OnlyAsync(Entries, Entries, LedgerFault.HeadMismatch, kept: null);
    }

    [Fact]
    public async Task The_time_and_the_event_id_are_chained()
    {
        Change(5, e => e with { Time = e.Time.AddMilliseconds(1) });
        await OnlyAsync(5, 5, LedgerFault.EntryChanged);
        Change(5, e => e with { Time = e.Time.AddMilliseconds(-1).AddTicks(1) });
        await OnlyAsync(5, 5, LedgerFault.EntryChanged);
        Change(5, e => e with { Time = e.Time.AddTicks(-1), EventId = "evt_01hzzzzzzzzzzzzzzzzzzzzzzz" });
        await OnlyAsync(5, 5, LedgerFault.EntryChanged);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(Entries)]
    public async Task A_changed_hash_or_previous_hash_is_named(int seq)
    {
        Change(seq, e => e with { PrevHash = LedgerHash.Of("x"u8) });
        Assert.Equal((seq, LedgerFault.EntryChanged), First(await VerifyAsync(_kept)));
        Change(seq, e =>
            e with
            {
                PrevHash = seq == 1 ? LedgerHash.Zero : _bench.Store.Entries(Acme)[seq - 2].Hash,
                Hash = LedgerHash.Of("x"u8),
            }
        );
        Assert.Equal((seq, LedgerFault.EntryChanged), First(await VerifyAsync(_kept)));
    }

    [Fact]
    public async Task A_query_column_changed_to_hide_an_entry_is_named()
    {
        Change(4, e => e with { Index = e.Index with { User = "somebody_else" } });
        await OnlyAsync(4, 4, LedgerFault.IndexChanged);
        Change(4, e => e with { Index = e.Index with { User = null } });
        await OnlyAsync(4, 4, LedgerFault.IndexChanged);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(6, 6)]
    [InlineData(3, 8)]
    public async Task Removed_entries_are_named(int from, int to)
    {
        _bench.Store.Tamper(Acme, rows => rows.RemoveAll(e => e.Seq >= from && e.Seq <= to));
        await OnlyAsync(from, to, LedgerFault.Removed);
    }

    [Fact]
    public async Task A_removed_entry_is_named_also_when_the_rest_was_renumbered()
    {
        _bench.Store.Tamper(Acme, rows =>
        {
            rows.RemoveAt(4);
            for (var i = 4; i < rows.Count; i++)
                rows[i] = rows[i] with { Seq = i + 1 };
        });
        var report = await VerifyAsync(null);
        Assert.Contains(report.Findings, f => f is { Fault: LedgerFault.Removed, FromSeq: 5, ToSeq: 5 });
        Assert.Contains(report.Findings, f => f is { Fault: LedgerFault.Reordered, FromSeq: 5, ToSeq: Entries - 1 });
        Assert.Equal(2, report.FindingsTotal);
    }

    [Fact]
    public async Task A_removed_tail_is_named_by_the_stored_head()
    {
        _bench.Store.Tamper(Acme, rows => rows.RemoveRange(9, 3));
        await OnlyAsync(10, Entries, LedgerFault.Removed, kept: null);
    }

    [Fact]
    public async Task A_removed_tail_with_its_head_is_named_by_the_kept_head_and_by_nothing_else()
    {
        var rows = _bench.Store.Entries(Acme);
        _bench.Store.Tamper(Acme, r => r.RemoveRange(9, 3), new LedgerHead(9, rows[8].Hash));
        Assert.True((await VerifyAsync(null)).IsIntact);
        await OnlyAsync(10, Entries, LedgerFault.Removed);
    }

    [Fact]
    public async Task Everything_removed_is_named_by_the_kept_head()
    {
        _bench.Store.Tamper(Acme, r => r.Clear(), LedgerHead.Genesis);
        await OnlyAsync(1, Entries, LedgerFault.Removed);
    }

    [Fact]
    public async Task A_chain_rewritten_from_some_entry_on_is_named_by_the_kept_head()
    {
        _bench.Store.Tamper(Acme, Rewrite(5), null);
        var rows = _bench.Store.Entries(Acme);
        _bench.Store.Tamper(Acme, _ => { }, new LedgerHead(Entries, rows[^1].Hash));
        Assert.True((await VerifyAsync(null)).IsIntact);
        await OnlyAsync(Entries, Entries, LedgerFault.HeadMismatch);
    }

    [Fact]
    public async Task An_inserted_entry_is_named_and_the_rest_is_said_to_be_shifted()
    {
        string? forged = null;
        _bench.Store.Tamper(Acme, rows =>
        {
            var fake = LedgerChain.Link(
                new LedgerHead(4, rows[3].Hash),
                _bench.EntryWriter.Write(_bench.Draft()),
                default
            )
                is var link
                ? Rehash(link with { BodyDigest = LedgerHash.Of(link.Body!.Value.Span) })
                : null;
            rows.Insert(4, fake!);
            forged = fake!.EventId;
            for (var i = 5; i < rows.Count; i++)
                rows[i] = rows[i] with { Seq = i + 1 };
        });
        var report = await VerifyAsync(null);
        Assert.Equal((5, LedgerFault.Inserted), First(report));
        Assert.Equal(forged, report.First!.EventId);
        Assert.Contains(report.Findings, f => f is { Fault: LedgerFault.Reordered, FromSeq: 6, ToSeq: Entries + 1 });
        Assert.Equal(2, report.FindingsTotal);
    }

    [Fact]
    public async Task An_entry_forged_beyond_the_head_is_named()
    {
        _bench.Store.Tamper(Acme, rows =>
            rows.Add(
                Rehash(
                    rows[^1] with
                    {
                        Seq = Entries + 1,
                        EventId = "evt_01hzzzzzzzzzzzzzzzzzzzzzzz",
                        PrevHash = rows[^1].Hash,
                    }
                )
            )
        );
        await OnlyAsync(Entries + 1, Entries + 1, LedgerFault.Inserted);
    }

    [Theory]
    [InlineData(5, 6)]
    [InlineData(2, 9)]
    [InlineData(1, Entries)]
    public async Task Two_swapped_entries_are_named(int one, int other)
    {
        _bench.Store.Tamper(Acme, rows =>
            (rows[one - 1], rows[other - 1]) = (rows[other - 1] with { Seq = one }, rows[one - 1] with { Seq = other })
        );
        var report = await VerifyAsync(_kept);
        Assert.All(report.Findings, f =>
            Assert.True(f.Fault is LedgerFault.Reordered or LedgerFault.HeadMismatch, f.ToString())
        );
        Assert.Equal((one, LedgerFault.Reordered), First(report));
        Assert.Contains(report.Findings, f => f.Fault == LedgerFault.Reordered && f.ToSeq >= other - 1);
    }

    [Fact]
    public async Task An_entry_of_another_organization_is_named()
    {
        await _bench.FillAsync(3, Globex);
        var foreign = _bench.Store.Entries(Globex)[1];
        _bench.Store.Tamper(Acme, rows => rows[1] = foreign);
        var report = await VerifyAsync(_kept);
        Assert.Contains(report.Findings, f => f is { Fault: LedgerFault.ForeignOrganization, FromSeq: 2 });
        Assert.Contains(report.Findings, f => f is { Fault: LedgerFault.Removed, FromSeq: 2, ToSeq: 2 });

        // Relabelled, its hash does not fit.
        _bench.Store.Tamper(Acme, rows => rows[1] = foreign with { Organization = Acme });
        Assert.Equal((2, LedgerFault.EntryChanged), First(await VerifyAsync(_kept)));
    }

    [Fact]
    public async Task Several_changes_are_all_named_in_order()
    {
        Change(9, e =>
            e with
            {
                Body = Replace(e.Body!.Value, "agt_1", "agt_2"),
                Index = e.Index with { Agent = "agt_2" },
            }
        );
        Change(3, e => e with { Time = e.Time.AddSeconds(1) });
        _bench.Store.Tamper(Acme, rows => rows.RemoveAll(e => e.Seq == 6));
        var report = await VerifyAsync(_kept);
        Assert.Equal(
            [(3L, LedgerFault.EntryChanged), (6L, LedgerFault.Removed), (9L, LedgerFault.BodyChanged)],
            report.Findings.Select(f => (f.FromSeq, f.Fault))
        );
    }

    [Fact]
    public async Task Erased_bodies_still_verify_and_are_counted()
    {
        Assert.Equal(5, await _bench.Store.EraseBodiesAsync(Acme, 10, 5, default));
        Assert.Equal(5, await _bench.Store.EraseBodiesAsync(Acme, 10, 100, default));
        Assert.Equal(0, await _bench.Store.EraseBodiesAsync(Acme, 10, 100, default));
        var report = await VerifyAsync(_kept);
        Assert.True(report.IsIntact);
        Assert.Equal((Entries, 10L), (report.Entries, report.Erased));

        // An erased entry is still bound to its place.
        Change(3, e => e with { BodyDigest = LedgerHash.Of("x"u8) });
        Assert.Equal((3, LedgerFault.EntryChanged), First(await VerifyAsync(_kept)));
    }

    [Fact]
    public async Task A_head_verified_before_is_where_the_next_reading_starts()
    {
        var at8 = new LedgerHead(8, _bench.Store.Entries(Acme)[7].Hash);
        var report = await new LedgerVerifier(_bench.Store).VerifyAsync(Acme, at8, _kept, default);
        Assert.True(report.IsIntact);
        Assert.Equal(4, report.Entries);
        Assert.Equal(
            (9, LedgerFault.EntryReplaced),
            First(await new LedgerVerifier(_bench.Store).VerifyAsync(Acme, at8 with { Hash = default }, null, default))
        );
    }

    [Fact]
    public async Task A_head_that_never_was_is_named()
    {
        var report = await VerifyAsync(new LedgerHead(8, LedgerHash.Of("x"u8)));
        Assert.Equal((8, LedgerFault.HeadMismatch), First(report));
        Assert.Equal(1, report.FindingsTotal);
    }

    private static (long Seq, LedgerFault Fault) First(LedgerReport report) =>
        (report.First!.FromSeq, report.First.Fault);

    private static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> body, string what, string with)
    {
        var text = System.Text.Encoding.UTF8.GetString(body.Span);
        Assert.Contains(what, text, StringComparison.Ordinal);
        return System.Text.Encoding.UTF8.GetBytes(text.Replace(what, with, StringComparison.Ordinal));
    }

    private static LedgerEntry Rehash(LedgerEntry e) =>
        e with
        {
            Hash = LedgerChain.Hash(e.Organization, e.Seq, e.PrevHash, e.EventId, e.Time, e.BodyDigest),
        };

    private static LedgerEntry Forge(LedgerEntry e)
    {
        var body = Replace(e.Body!.Value, "agt_1", "agt_2");
        return Rehash(
            e with
            {
                Body = body,
                BodyDigest = LedgerHash.Of(body.Span),
                Index = e.Index with { Agent = "agt_2" },
            }
        );
    }

    private static Action<List<LedgerEntry>> Rewrite(int seq) =>
        rows =>
        {
            rows[seq - 1] = Forge(rows[seq - 1]);
            for (var i = seq; i < rows.Count; i++)
                rows[i] = Rehash(rows[i] with { PrevHash = rows[i - 1].Hash });
        };

    private void Change(int seq, Func<LedgerEntry, LedgerEntry> change) =>
        _bench.Store.Tamper(Acme, rows => rows[seq - 1] = change(rows[seq - 1]));

    private Task<LedgerReport> VerifyAsync(LedgerHead? kept) =>
        new LedgerVerifier(_bench.Store).VerifyAsync(Acme, kept, default);

    private Task OnlyAsync(long from, long to, LedgerFault fault) => OnlyAsync(from, to, fault, _kept);

    private async Task OnlyAsync(long from, long to, LedgerFault fault, LedgerHead? kept)
    {
        var finding = Assert.Single((await VerifyAsync(kept)).Findings);
        Assert.Equal((from, to, fault), (finding.FromSeq, finding.ToSeq, finding.Fault));
    }
}
