using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Offboarding;
using Vault.Core.Sealing;
using Vault.TestKit.Provider;
using Vault.TestKit.Sealing;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

public sealed class KeyRotationTests : IDisposable
{
    private readonly SealingBench _bench = new();
    private readonly InMemorySealedRows _rows = new();
    private readonly InMemoryKeyRotationStore _journal = new();
    private readonly MemoryLedger _ledger = new();

    [Fact]
    public async Task Every_row_moves_to_the_new_key_and_still_opens()
    {
        await FillAsync(250);
        var report = await RunAsync(Rotation());
        Assert.Equal((RotationState.Finished, 2u, 250L), (report.State, report.ToVersion, report.Resealed));
        await AllOpenAsync(250, version: 2);
        Assert.Equal(
            [OrganizationKeyStatus.Retired, OrganizationKeyStatus.Active],
            (await _bench.Keys.ListAsync(Acme, default)).Select(k => k.Status)
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(249)]
    public async Task After_a_crash_at_any_row_the_pages_that_were_written_stay_and_the_rest_is_done(int crashAt)
    {
        await FillAsync(250);
        var writes = 0;
        _rows.BeforeWrite = _ =>
        {
            if (writes++ == crashAt)
                throw new IOException("the process died here");
        };
        await Assert.ThrowsAsync<IOException>(() => RunAsync(Rotation()));
        var report = await RunAsync(Rotation());
        Assert.Equal((RotationState.Finished, 2u), (report.State, report.ToVersion));
        Assert.Equal(crashAt + 1 + 250 - (crashAt / 100 * 100), writes);
        Assert.All(_rows.All, r => Assert.Equal(2, r.RowVersion));
        await AllOpenAsync(250, version: 2);
    }

    [Fact]
    public async Task Two_hosts_may_run_it_at_once()
    {
        await FillAsync(500);
        var other = Rotation(_bench.NewKeyring(_bench.Wrapper));
        await Task.WhenAll(Task.Run(() => RunAsync(Rotation())), Task.Run(() => RunAsync(other)));

        // Whoever ends first ends it for both: one new version, nothing left under the old.
        var row = (await _journal.FindAsync(Acme, default))!;
        Assert.Equal(KeyRotationPhase.Finished, row.Phase);
        await AllOpenAsync(500, row.ToVersion);
        Assert.Equal(
            OrganizationKeyStatus.Active,
            Assert
                .Single(await _bench.Keys.ListAsync(Acme, default), k => k.Status == OrganizationKeyStatus.Active)
                .Status
        );
    }

    [Fact]
    public async Task A_row_refreshed_under_the_job_is_not_overwritten()
    {
        await FillAsync(3);
        var refreshed = await FieldAsync("row-0001", 2, "refreshed");
        _rows.BeforeWrite = cursor =>
        {
            if (cursor == "row-0001")
                _rows.Put(cursor, refreshed);
            _rows.BeforeWrite = cursor == "row-0001" ? null : _rows.BeforeWrite;
        };
        var report = await RunAsync(Rotation());

        // The refresh had sealed under version 1: found in a second pass, whose bytes are those of the refresh.
        Assert.Equal((RotationState.Finished, 3L), (report.State, report.Resealed));
        var row = _rows.All[1];
        Assert.Equal(2u, row.KeyVersion);
        using var key = (await _bench.Keyring.HoldVersionAsync(Acme, 2, default)).Value;
        using var opened = Sealer.Open(key, row.Fields[0].Blob, row.Fields[0].Context);
        Assert.Equal("refreshed", opened.RevealText());
        Assert.Equal(2, row.Fields[0].Context.Generation);
    }

    [Fact]
    public async Task A_row_that_is_refreshed_whenever_the_job_comes_near_ends_the_run_and_not_the_row()
    {
        await FillAsync(1);
        var generation = 1L;
        var fresh = new Queue<SealedField>();
        for (var i = 0; i < 3; i++)
            fresh.Enqueue(await FieldAsync("row-0000", ++generation, "refreshed"));
        _rows.BeforeWrite = cursor =>
        {
            if (fresh.TryDequeue(out var field))
                _rows.Put(cursor, field);
        };
        for (var i = 0; i < 3; i++)
            Assert.Equal(RotationState.RunAgain, (await RunAsync(Rotation())).State);
        Assert.Equal(RotationState.Finished, (await RunAsync(Rotation())).State);
        Assert.Equal(4, _rows.All[0].Fields[0].Context.Generation);
    }

    [Fact]
    public async Task A_row_that_does_not_open_is_named_and_keeps_the_old_key_alive()
    {
        await FillAsync(3);
        var field = await FieldAsync("row-0001", 1, "x");
        var broken = field.Blob.Bytes.ToArray();
        broken[^1] ^= 1;
        _rows.Put("row-0001", field with { Blob = new SealedBlob(1, broken) });
        var report = await RunAsync(Rotation());
        Assert.Equal(RotationState.Blocked, report.State);
        Assert.Equal("row-0001", Assert.Single(report.Broken));
        Assert.Equal(2, report.Resealed);
        _bench.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(0, await DestroyAsync());
        Assert.NotNull((await _bench.Keys.FindAsync(Acme, 1, default))!.Wrapped);

        // The journal says so until the row was replaced; only then the rotation ends, and only then the ledger says
        // so.
        Assert.Equal(["row-0001"], (await _journal.FindAsync(Acme, default))!.Blocked);
        Assert.Equal([LedgerEvents.KeyRotationBegun], _journal.Drafts.Select(d => d.Type));
        _rows.Put("row-0001", await FieldAsync("row-0001", 2, "replaced"));
        Assert.Equal(
            (RotationState.Finished, 2u),
            (await Rotation().ResumeAsync(Acme, default)) is var end ? (end.State, end.ToVersion) : default
        );
        Assert.Empty((await _journal.FindAsync(Acme, default))!.Blocked);
        Assert.Equal([LedgerEvents.KeyRotationBegun, LedgerEvents.KeyRotated], _journal.Drafts.Select(d => d.Type));
    }

    [Fact]
    public async Task A_row_under_a_destroyed_key_blocks_the_rotation_and_is_named()
    {
        await FillAsync(2);
        var left = _rows.All[0].Fields[0];
        Assert.Equal(RotationState.Finished, (await RunAsync(Rotation())).State);
        _bench.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, await DestroyAsync());

        // A host that had been frozen writes what it had sealed before.
        _rows.Put("row-0000", left);
        var report = await RunAsync(Rotation());
        Assert.Equal((RotationState.Blocked, 3u), (report.State, report.ToVersion));
        Assert.Equal(["row-0000"], report.Broken);
    }

    [Fact]
    public async Task A_rotation_has_one_entry_when_it_begins_and_one_when_it_ends_whoever_finishes_it()
    {
        await FillAsync(3);
        _rows.BeforeWrite = _ => throw new IOException("the process died here");
        await Assert.ThrowsAsync<IOException>(() => RunAsync(Rotation()));
        Assert.Equal([(LedgerEvents.KeyRotationBegun, "key_1")], _journal.Drafts.Select(d => (d.Type, d.Caller)));

        // Asked for again before it is finished: it is the same rotation, which another key's holder does not begin a
        // second time.
        _rows.BeforeWrite = null;
        Assert.Equal(2u, (await Rotation().BeginAsync(Acme, "key_2", default))!.ToVersion);
        Assert.Equal(RotationState.Finished, (await Rotation().ResumeAsync(Acme, default)).State);
        Assert.Equal(
            [(LedgerEvents.KeyRotationBegun, "key_1"), (LedgerEvents.KeyRotated, "key_1")],
            _journal.Drafts.Select(d => (d.Type, d.Caller))
        );
        Assert.All(_journal.Drafts, d => Assert.Equal(2, d.Details!.Value.GetProperty("key_version").GetInt32()));
        Assert.Equal(3, _journal.Drafts[1].Details!.Value.GetProperty("resealed_rows").GetInt32());

        // A host that looks for unfinished ones a moment too late begins none.
        Assert.Equal(
            (RotationState.Finished, 2u, 0L),
            (await Rotation().ResumeAsync(Acme, default)) is var late
                ? (late.State, late.ToVersion, late.Resealed)
                : default
        );
        Assert.Equal(2, _journal.Drafts.Count);
    }

    [Fact]
    public async Task An_erasure_under_the_job_ends_it_and_is_not_told_as_rows_that_do_not_open()
    {
        // In the middle of a pass, which has the new key in hand and finds the rows of its second page under one that
        // is destroyed.
        await FillAsync(150);
        var erasure = new KeyErasure(_bench.Keys, _bench.Keyring, _bench.Time);
        _rows.BeforeWrite = cursor =>
        {
            if (cursor == "row-0099")
                erasure.EraseAsync(Acme, default).GetAwaiter().GetResult();
        };
        var report = await RunAsync(Rotation());
        Assert.Equal((RotationState.Erased, 0), (report.State, report.Broken.Count));
        Assert.Equal([LedgerEvents.KeyRotationBegun], _journal.Drafts.Select(d => d.Type));
    }

    [Fact]
    public async Task A_retired_key_is_destroyed_only_after_its_time_and_only_when_nothing_needs_it()
    {
        await FillAsync(2);
        await RunAsync(Rotation());
        Assert.Equal(0, await DestroyAsync());
        _bench.Time.Advance(TimeSpan.FromDays(2));

        // A late write of a host that had held the old key: sealed under version 1 after the rotation ended.
        using (var old = (await _bench.Keyring.HoldVersionAsync(Acme, 1, default)).Value)
        {
            var context = At(Acme, "row-0001", 2);
            _rows.Put("row-0001", new SealedField(context, _bench.Sealer.Seal(old, "late"u8, context)));
        }

        Assert.Equal(0, await DestroyAsync());
        Assert.Equal(RotationState.Finished, (await RunAsync(Rotation())).State);
        _bench.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(2, await DestroyAsync());
        Assert.Equal([LedgerEvents.KeyDestroyed, LedgerEvents.KeyDestroyed], _ledger.Drafts.Select(d => d.Type));
        Assert.Equal(
            [1u, 2u],
            (await _bench.Keys.ListAsync(Acme, default)).Where(k => k.Wrapped is null).Select(k => k.Version)
        );
        using var key = (await _bench.Keyring.HoldVersionAsync(Acme, 3, default)).Value;
        using var value = Sealer.Open(key, _rows.All[1].Fields[0].Blob, _rows.All[1].Fields[0].Context);
        Assert.Equal("late", value.RevealText());
    }

    [Fact]
    public async Task No_key_goes_without_a_word_in_the_ledger()
    {
        await FillAsync(1);
        await RunAsync(Rotation());
        _bench.Time.Advance(TimeSpan.FromDays(2));
        _ledger.Down = true;
        Assert.Equal(
            ErrorCatalogue.LedgerUnavailable,
            (await Retired().DestroyAsync(Acme, TimeSpan.FromDays(1), "operator", default)).Error!.Code
        );
        Assert.NotNull((await _bench.Keys.FindAsync(Acme, 1, default))!.Wrapped);
        _ledger.Down = false;
        Assert.Equal(1, await DestroyAsync());
    }

    [Fact]
    public async Task An_erased_organization_is_not_rotated_back_to_life()
    {
        await FillAsync(1);
        await new KeyErasure(_bench.Keys, _bench.Keyring, _bench.Time).EraseAsync(Acme, default);
        Assert.Null(await Rotation().BeginAsync(Acme, "key_1", default));
        Assert.Equal(RotationState.Erased, (await Rotation().ResumeAsync(Acme, default)).State);
        Assert.Empty(_journal.Drafts);

        // Erased after the journal named the next version and before the key was made.
        await _journal.TrySaveAsync(
            new KeyRotationRow(Acme, 2, KeyRotationPhase.Preparing, null, 0, default, default, 1),
            0,
            [],
            default
        );
        Assert.Equal(RotationState.Erased, (await RunAsync(Rotation())).State);
        Assert.All(await _bench.Keys.ListAsync(Acme, default), k => Assert.Null(k.Wrapped));
    }

    [Fact]
    public async Task A_new_master_key_takes_over_while_both_are_readable_and_a_second_run_finds_nothing()
    {
        await FillAsync(3);
        var blob = await _bench.SealAsync("globex", Globex);
        using var next = new LocalKeyWrapper(MasterKey(2), _bench.Entropy);
        var both = new CompositeKeyWrapper(next, _bench.Wrapper);
        var report = await new MasterRewrap(_bench.Keys, both).RunAsync(default);
        Assert.Equal((2, true), (report.Rewrapped, report.Done));
        Assert.Equal(
            (0, true),
            (await new MasterRewrap(_bench.Keys, both).RunAsync(default)) is var again
                ? (again.Rewrapped, again.Done)
                : default
        );

        // The old master key is not needed any more.
        var alone = new Sealer(_bench.NewKeyring(next), _bench.Entropy);
        using var value = (await alone.OpenAsync(blob, At(Globex), default)).Value;
        Assert.Equal("globex", value.RevealText());
    }

    [Fact]
    public async Task A_key_that_does_not_unwrap_is_named_and_the_others_are_rewrapped()
    {
        await _bench.SealAsync("a", Acme);
        await _bench.SealAsync("g", Globex);
        _bench.Keys.Tamper(
            (await _bench.Keys.FindActiveAsync(Acme, default))! with
            {
                MasterKeyId = "local:0000000000000000",
            }
        );
        using var next = new LocalKeyWrapper(MasterKey(2), _bench.Entropy);
        var report = await new MasterRewrap(_bench.Keys, new CompositeKeyWrapper(next, _bench.Wrapper)).RunAsync(
            default
        );
        Assert.Equal((1, false), (report.Rewrapped, report.Done));
        Assert.Equal(new OrganizationKeyPosition(Acme, 1), Assert.Single(report.Broken));
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_new_master_key_changes_nothing_about_since_when_a_key_is_retired()
    {
        await FillAsync(2);
        await RunAsync(Rotation());
        var retired = _bench.Time.GetUtcNow();
        _bench.Time.Advance(TimeSpan.FromHours(20));
        using var next = new LocalKeyWrapper(MasterKey(2), _bench.Entropy);
        Assert.Equal(
            2,
            (
                await new MasterRewrap(_bench.Keys, new CompositeKeyWrapper(next, _bench.Wrapper)).RunAsync(default)
            ).Rewrapped
        );
        _bench.Time.Advance(TimeSpan.FromHours(5));
        Assert.Equal(1, await DestroyAsync());
        Assert.Equal(
            retired,
            Assert.Single(_ledger.Drafts).Details!.Value.GetProperty("retired_at").GetDateTimeOffset()
        );
    }

    private async Task<int> DestroyAsync() =>
        (await Retired().DestroyAsync(Acme, TimeSpan.FromDays(1), "operator", default)).Value;

    private RetiredKeys Retired() => new(_bench.Keys, _rows, _ledger, Ids, _bench.Time);

    private KeyRotation Rotation(Keyring? keyring = null) =>
        new(
            _bench.Keys,
            _journal,
            _rows,
            _bench.Wrapper,
            keyring ?? _bench.Keyring,
            new Sealer(keyring ?? _bench.Keyring, _bench.Entropy),
            Ids,
            _bench.Entropy,
            _bench.Time
        );

    private IdFactory Ids => new(_bench.Time, _bench.Entropy);

    private static async Task<RotationReport> RunAsync(KeyRotation rotation)
    {
        await rotation.BeginAsync(Acme, "key_1", default);
        return await rotation.ResumeAsync(Acme, default);
    }

    private async Task FillAsync(int rows)
    {
        for (var i = 0; i < rows; i++)
            _rows.Put($"row-{i:0000}", await FieldAsync($"row-{i:0000}", 1, $"value {i}"));
    }

    private async Task<SealedField> FieldAsync(string row, long generation, string value)
    {
        var place = At(Acme, row, generation);
        return new SealedField(place, await _bench.SealAsync(value, place));
    }

    private async Task AllOpenAsync(int rows, uint version)
    {
        Assert.Equal(rows, _rows.All.Count);
        using var key = (await _bench.Keyring.HoldVersionAsync(Acme, version, default)).Value;
        for (var i = 0; i < rows; i++)
        {
            var row = _rows.All[i];
            Assert.Equal(version, row.KeyVersion);
            using var value = Sealer.Open(key, row.Fields[0].Blob, row.Fields[0].Context);
            Assert.Equal($"value {i}", value.RevealText());
        }
    }
}
