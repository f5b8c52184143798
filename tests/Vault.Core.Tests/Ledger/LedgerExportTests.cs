using System.Text;
using Vault.Core.Ledger;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

/// <summary>The same with lines of a file, where the order is only that of the lines.</summary>
public sealed class LedgerExportTests : IAsyncLifetime
{
    private const int Entries = 8;
    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private readonly LedgerBench _bench = new();
    private List<string> _lines = [];

    public async Task InitializeAsync()
    {
        await _bench.FillAsync(Entries);
        var text = new StringBuilder();
        await foreach (var piece in new LedgerExport(_bench.Store).WriteAsync(Acme, default))
            text.Append(Encoding.UTF8.GetString(piece.Span));
        _lines = [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    public async Task DisposeAsync() => await _bench.CloseAsync();

    [Fact]
    public async Task An_export_verifies_and_reads_back_to_the_same_entries()
    {
        Assert.Equal(Entries + 1, _lines.Count);
        var report = await VerifyAsync();
        Assert.True(report!.IsIntact);
        Assert.Equal(Entries, report.Entries);
        var stored = _bench.Store.Entries(Acme);
        for (var i = 0; i < Entries; i++)
        {
            var (entry, _, why) = LedgerLine.Read(_lines[i]);
            Assert.Null(why);
            Assert.Equal(stored[i] with { Body = null }, entry! with { Body = null });
            Assert.True(stored[i].Body!.Value.Span.SequenceEqual(entry!.Body!.Value.Span));
        }
    }

    [Fact]
    public async Task Lines_that_a_tool_has_reformatted_still_verify()
    {
        for (var i = 0; i < _lines.Count; i++)
            _lines[i] = System.Text.Json.JsonSerializer.Serialize(
                System.Text.Json.JsonDocument.Parse(_lines[i]).RootElement,
                Relaxed
            );
        Assert.True((await VerifyAsync())!.IsIntact);
    }

    [Theory]
    [InlineData("agt_1", "agt_2", LedgerFault.BodyChanged)]
    [InlineData("2026-03-01T12:00:00.000Z\",\"body\"", "2026-03-01T12:00:00.001Z\",\"body\"", LedgerFault.EntryChanged)]
    public async Task A_changed_line_is_named(string what, string with, LedgerFault fault)
    {
        Assert.Contains(what, _lines[3], StringComparison.Ordinal);
        _lines[3] = _lines[3].Replace(what, with, StringComparison.Ordinal);
        await OnlyAsync(4, 4, fault);
    }

    [Fact]
    public async Task A_removed_line_is_named()
    {
        _lines.RemoveAt(2);
        await OnlyAsync(3, 3, LedgerFault.Removed);
    }

    [Fact]
    public async Task A_line_moved_is_named()
    {
        var line = _lines[2];
        _lines.RemoveAt(2);
        _lines.Insert(5, line);
        await OnlyAsync(3, 3, LedgerFault.Reordered);
    }

    [Fact]
    public async Task A_line_twice_is_named()
    {
        _lines.Insert(3, _lines[2]);
        await OnlyAsync(3, 3, LedgerFault.Inserted);
        _lines.RemoveAt(3);
        _lines.Insert(6, _lines[0]);
        await OnlyAsync(1, 1, LedgerFault.Inserted);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task An_inserted_line_with_a_fitting_hash_is_told_from_the_genuine_one(int position)
    {
        var before = _bench.Store.Entries(Acme)[3];
        var pending = _bench.EntryWriter.Write(_bench.Draft());
        var fake = LedgerChain.Link(new LedgerHead(before.Seq, before.Hash), pending, LedgerHash.Of(pending.Body.Span));
        _lines.Insert(4 + position, Line(fake));
        var finding = await OnlyAsync(5, 5, LedgerFault.Inserted);
        Assert.Equal(fake.EventId, finding.EventId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_forged_last_line_is_told_from_the_genuine_one_by_the_head(int position)
    {
        var before = _bench.Store.Entries(Acme)[Entries - 2];
        var pending = _bench.EntryWriter.Write(_bench.Draft());
        var fake = LedgerChain.Link(new LedgerHead(before.Seq, before.Hash), pending, LedgerHash.Of(pending.Body.Span));
        _lines.Insert(Entries - 1 + position, Line(fake));
        var finding = await OnlyAsync(Entries, Entries, LedgerFault.Inserted);
        Assert.Equal(fake.EventId, finding.EventId);
    }

    [Fact]
    public async Task A_truncated_file_is_named_by_its_head_line_or_by_the_kept_head()
    {
        _lines.RemoveAt(Entries - 1);
        await OnlyAsync(Entries, Entries, LedgerFault.Removed);
        _lines.RemoveAt(_lines.Count - 1);
        Assert.True((await VerifyAsync())!.IsIntact);
        var kept = (await _bench.Store.ReadHeadsAsync([Acme], default))[0];
        var report = await LedgerExport.VerifyAsync(Lines(), Acme, kept, default);
        Assert.Equal((Entries, LedgerFault.Removed), (report!.First!.FromSeq, report.First.Fault));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"organization_id\":\"org_01hzzzzzzzzzzzzzzzzzzzzzzz\",\"seq\":-1}")]
    [InlineData(
        "{\"organization_id\":\"org_01hzzzzzzzzzzzzzzzzzzzzzzz\",\"seq\":1,\"event_id\":\"evt_1\",\"time\":\"yesterday\"}"
    )]
    [InlineData("{\"organization_id\":\"org_01hzzzzzzzzzzzzzzzzzzzzzzz\",\"head\":7}")]
    public async Task A_line_that_is_no_entry_is_named_by_its_number(string line)
    {
        _lines.Insert(2, line);
        await OnlyAsync(3, 3, LedgerFault.Unreadable);
    }

    [Fact]
    public async Task Nothing_to_read_is_no_report()
    {
        _lines = ["", "rubbish"];
        Assert.Null(await VerifyAsync());
    }

    [Fact]
    public async Task Another_organizations_file_is_not_taken_for_this_ones() =>
        Assert.All((await LedgerExport.VerifyAsync(Lines(), Globex, null, default))!.Findings, f =>
            Assert.True(f.Fault is LedgerFault.ForeignOrganization or LedgerFault.Removed)
        );

    private static string Line(LedgerEntry entry)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        LedgerLine.Write(buffer, entry);
        return Encoding.UTF8.GetString(buffer.WrittenSpan).TrimEnd('\n');
    }

    private async IAsyncEnumerable<string> Lines()
    {
        foreach (var line in _lines)
        {
            await Task.Yield();
            yield return line;
        }
    }

    private Task<LedgerReport?> VerifyAsync() => LedgerExport.VerifyAsync(Lines(), null, null, default);

    private async Task<LedgerFinding> OnlyAsync(long from, long to, LedgerFault fault)
    {
        var finding = Assert.Single((await VerifyAsync())!.Findings);
        Assert.Equal((from, to, fault), (finding.FromSeq, finding.ToSeq, finding.Fault));
        return finding;
    }
}
