using Vault.Core.Errors;
using Vault.Core.Ledger;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

public sealed class OutboxTests : IAsyncDisposable
{
    private readonly LedgerBench _bench = new();

    [Fact]
    public async Task Every_row_is_moved_once_in_its_order()
    {
        Fill(1_200);
        var drain = await _bench.NewWriter().DrainOutboxAsync(default);
        Assert.Equal((1_200, null), (drain.Moved, drain.Error));
        Assert.Equal(0, _bench.Store.OutboxCount);
        Assert.Equal(
            Enumerable.Range(0, 1_200).Select(i => $"u{i}"),
            _bench.Store.Entries(Acme).Select(e => e.Index.User)
        );
        Assert.Equal(new OutboxDrain(0, null), await _bench.NewWriter().DrainOutboxAsync(default));
    }

    [Fact]
    public async Task Two_hosts_and_direct_appends_at_once_move_each_once()
    {
        Fill(1_500);
        var hosts = new[] { _bench.NewWriter(), _bench.NewWriter() };
        var work = Enumerable
            .Range(0, 20)
            .Select(i =>
                Task.Run(async () =>
                {
                    for (var n = 0; n < 10; n++)
                        Assert.Null(await hosts[i % 2].AppendAsync(_bench.Draft(), default));
                    await hosts[i % 2].DrainOutboxAsync(default);
                    return true;
                })
            );
        await Task.WhenAll(work);
        await hosts[0].DrainOutboxAsync(default);
        Assert.Equal(0, _bench.Store.OutboxCount);
        var report = await new LedgerVerifier(_bench.Store).VerifyAsync(Acme, null, default);
        Assert.Empty(report.Findings);
        Assert.Equal(1_700, report.Entries);
    }

    [Fact]
    public async Task A_crash_or_a_lost_reply_leaves_each_in_the_outbox_or_in_the_chain()
    {
        Fill(300);
        var calls = 0;
        _bench.Store.BeforeAppend = _ => ++calls == 1 ? throw new IOException("died before") : Task.CompletedTask;
        _bench.Store.AfterAppend = _ => calls == 2 ? throw new IOException("died after") : Task.CompletedTask;
        var drain = await _bench.NewWriter().DrainOutboxAsync(default);
        Assert.Null(drain.Error);
        Assert.Equal(0, _bench.Store.OutboxCount);
        var report = await new LedgerVerifier(_bench.Store).VerifyAsync(Acme, null, default);
        Assert.True(report.IsIntact);
        Assert.Equal(300, report.Entries);
    }

    [Fact]
    public async Task A_store_that_is_away_leaves_the_rows_for_the_next_time()
    {
        Fill(5);
        _bench.Store.BeforeAppend = _ => throw new IOException("away");
        var writer = _bench.NewWriter(Impatient);
        var drain = await writer.DrainOutboxAsync(default);
        Assert.Equal(ErrorCatalogue.LedgerUnavailable, drain.Error!.Code);
        Assert.Equal(5, _bench.Store.OutboxCount);
        _bench.Store.BeforeAppend = null;
        Assert.Equal(5, (await _bench.NewWriter().DrainOutboxAsync(default)).Moved);
    }

    [Fact]
    public async Task Erasing_takes_what_lies_in_the_outbox_along_and_the_chain_verifies()
    {
        await _bench.FillAsync(2_100);
        await _bench.FillAsync(3, Globex);
        Fill(5);
        var writer = _bench.NewWriter();
        var erasure = new LedgerErasure(_bench.Store, writer);
        Assert.Equal(2_105, (await erasure.EraseAsync(Acme, default)).Value);
        Assert.Equal(0, (await erasure.EraseAsync(Acme, default)).Value);
        Assert.Null(await writer.AppendAsync(_bench.Draft(user: null, type: LedgerEvents.OrganizationErased), default));
        var report = await new LedgerVerifier(_bench.Store).VerifyAsync(Acme, null, default);
        Assert.True(report.IsIntact);
        Assert.Equal((2_106L, 2_105L), (report.Entries, report.Erased));
        Assert.Equal(0, (await new LedgerVerifier(_bench.Store).VerifyAsync(Globex, null, default)).Erased);

        _bench.Store.BeforeAppend = _ => throw new IOException("away");
        Fill(1);
        Assert.Equal(
            ErrorCatalogue.LedgerUnavailable,
            (await new LedgerErasure(_bench.Store, _bench.NewWriter(Impatient)).EraseAsync(Acme, default)).Error!.Code
        );
    }

    public ValueTask DisposeAsync() => _bench.CloseAsync();

    private void Fill(int rows) =>
        _bench.Store.AddToOutbox(
            Enumerable
                .Range(0, rows)
                .Select(i => _bench.EntryWriter.Write(_bench.Draft(user: $"u{i}", type: LedgerEvents.AccountRefreshed)))
        );
}
