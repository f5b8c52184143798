using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.TestKit;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

public sealed class LedgerWriterTests : IAsyncDisposable
{
    private readonly LedgerBench _bench = new();

    [Fact]
    public async Task Sixty_four_concurrent_appenders_make_one_unbroken_chain()
    {
        var writer = _bench.NewWriter();
        var errors = await Task.WhenAll(
            Enumerable
                .Range(0, 64)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        var failed = 0;
                        for (var i = 0; i < 50; i++)
                            failed += await writer.AppendAsync(_bench.Draft(), default) is null ? 0 : 1;
                        return failed;
                    })
                )
        );
        Assert.Equal(0, errors.Sum());
        await IntactAsync(Acme, 64 * 50);
        Assert.Equal(0, writer.Waiting);
    }

    [Fact]
    public async Task What_gathers_during_a_commit_goes_into_the_next_together()
    {
        var writer = _bench.NewWriter();
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        _bench.Store.BeforeAppend = _ =>
        {
            entered.TrySetResult();
            return release.Task;
        };
        var first = writer.AppendAsync(_bench.Draft(), default).AsTask();
        await entered.Task;
        var rest = Enumerable
            .Range(0, 100)
            .Select(i => writer.AppendAsync(_bench.Draft(i % 2 == 0 ? Acme : Globex), default).AsTask())
            .ToList();
        Assert.False(first.IsCompleted);
        release.SetResult();
        Assert.All(await Task.WhenAll([first, .. rest]), Assert.Null);
        Assert.Equal(2, _bench.Store.Commits);
        Assert.Equal([1, 2], _bench.Store.Calls);
        await IntactAsync(Acme, 51);
        await IntactAsync(Globex, 50);
        Assert.Equal(100, _bench.Rounds[1].Appended);
        Assert.Equal(2, _bench.Rounds[1].Organizations);
    }

    [Fact]
    public async Task Entries_of_one_caller_keep_their_order()
    {
        var writer = _bench.NewWriter();
        var tasks = Enumerable
            .Range(0, 500)
            .Select(i => writer.AppendAsync(_bench.Draft(user: $"u{i}"), default).AsTask())
            .ToList();
        Assert.All(await Task.WhenAll(tasks), Assert.Null);
        Assert.Equal(
            Enumerable.Range(0, 500).Select(i => $"u{i}"),
            _bench.Store.Entries(Acme).Select(e => e.Index.User)
        );
    }

    [Fact]
    public async Task Two_hosts_over_one_store_keep_one_chain_and_lose_nothing()
    {
        var hosts = new[] { _bench.NewWriter(), _bench.NewWriter() };
        var errors = await Task.WhenAll(
            Enumerable
                .Range(0, 64)
                .Select(n =>
                    Task.Run(async () =>
                    {
                        var failed = 0;
                        for (var i = 0; i < 40; i++)
                            failed += await hosts[n % 2].AppendAsync(_bench.Draft(i % 3 == 0 ? Globex : Acme), default)
                                is null
                                ? 0
                                : 1;
                        return failed;
                    })
                )
        );
        Assert.Equal(0, errors.Sum());
        await IntactAsync(Globex, 64 * 14);
        await IntactAsync(Acme, 64 * 26);
    }

    [Fact]
    public async Task Another_hosts_append_moves_the_head_and_the_order_of_ours_is_kept()
    {
        var (ours, theirs) = (_bench.NewWriter(), _bench.NewWriter());
        Assert.Null(await ours.AppendAsync(_bench.Draft(user: "first"), default));
        Assert.Null(await theirs.AppendAsync(_bench.Draft(user: "theirs"), default));
        var tasks = Enumerable
            .Range(0, 20)
            .Select(i => ours.AppendAsync(_bench.Draft(user: $"u{i}"), default).AsTask())
            .ToList();
        Assert.All(await Task.WhenAll(tasks), Assert.Null);
        Assert.Contains(_bench.Rounds, r => r.Conflicts == 1);
        Assert.Equal(
            [.. new[] { "first", "theirs" }, .. Enumerable.Range(0, 20).Select(i => $"u{i}")],
            _bench.Store.Entries(Acme).Select(e => e.Index.User)
        );
        await IntactAsync(Acme, 22);
    }

    [Fact]
    public async Task A_host_with_much_to_write_gets_its_turn_beside_one_that_is_always_faster_with_little()
    {
        var (ours, rival) = (
            _bench.NewWriter(Patient with { AppendTimeout = TimeSpan.FromSeconds(10) }),
            _bench.NewWriter()
        );

        // Whoever sends more than twenty entries has sent them for so long that the other was there before.
        _bench.Store.BeforeAppend = async groups =>
        {
            if (groups.Sum(g => g.Entries.Count) > 20)
                Assert.Null(await rival.AppendAsync(_bench.Draft(user: "rival"), default));
        };
        var tasks = Enumerable
            .Range(0, 300)
            .Select(i => ours.AppendAsync(_bench.Draft(user: $"u{i}"), default).AsTask())
            .ToList();
        Assert.All(await Task.WhenAll(tasks), Assert.Null);
        Assert.Equal(
            Enumerable.Range(0, 300).Select(i => $"u{i}"),
            _bench.Store.Entries(Acme).Select(e => e.Index.User).Where(u => u != "rival")
        );
    }

    [Fact]
    public async Task A_reply_lost_after_the_commit_writes_nothing_twice()
    {
        var writer = _bench.NewWriter();
        var lost = 0;
        _bench.Store.AfterAppend = _ => lost++ < 3 ? throw new IOException("connection reset") : Task.CompletedTask;
        for (var i = 0; i < 10; i++)
            Assert.Null(await writer.AppendAsync(_bench.Draft(), default).AsTask());
        await IntactAsync(Acme, 10);
    }

    [Fact]
    public async Task A_store_that_fails_midway_loses_and_doubles_nothing()
    {
        var writer = _bench.NewWriter();
        var calls = 0;
        _bench.Store.BeforeAppend = _ => ++calls % 3 == 0 ? throw new IOException("away") : Task.CompletedTask;
        _bench.Store.AfterAppend = _ => calls % 5 == 0 ? throw new IOException("reply lost") : Task.CompletedTask;
        var tasks = Enumerable
            .Range(0, 40)
            .Select(_ =>
                Task.Run(async () =>
                {
                    for (var i = 0; i < 10; i++)
                        Assert.Null(await writer.AppendAsync(_bench.Draft(), default));
                    return true;
                })
            )
            .ToArray();
        await Task.WhenAll(tasks);
        await IntactAsync(Acme, 400);
    }

    [Fact]
    public async Task A_store_that_is_away_is_a_value_within_bounded_time_and_heals()
    {
        var writer = _bench.NewWriter(Impatient);
        _bench.Store.BeforeAppend = _ => throw new IOException("away");
        var error = await Eventually.DoneAsync(writer.AppendAsync(_bench.Draft(), default).AsTask(), () =>
            _bench.Rounds
        );
        Assert.Equal(ErrorCatalogue.LedgerUnavailable, error!.Code);
        Assert.All(_bench.Rounds, r => Assert.True(r.Failed));
        _bench.Store.BeforeAppend = null;
        var healed = _bench.NewWriter();
        Assert.Null(await healed.AppendAsync(_bench.Draft(), default));
        await IntactAsync(Acme, 1);
    }

    [Fact]
    public async Task A_store_that_never_answers_is_a_value_within_bounded_time()
    {
        var writer = _bench.NewWriter(Impatient);
        _bench.Store.BeforeAppend = _ => new TaskCompletionSource().Task;
        var waiting = Enumerable
            .Range(0, 50)
            .Select(i => writer.AppendAsync(_bench.Draft(i % 2 == 0 ? Acme : Globex), default).AsTask())
            .ToList();
        Assert.All(await Eventually.DoneAsync(Task.WhenAll(waiting), () => writer.Waiting), e =>
            Assert.Equal(ErrorCatalogue.LedgerUnavailable, e!.Code)
        );
        Assert.Equal(0, writer.Waiting);
    }

    [Fact]
    public async Task An_attempt_given_up_that_commits_late_breaks_nothing()
    {
        var writer = _bench.NewWriter(Patient with { AttemptTimeout = TimeSpan.FromMilliseconds(50) });
        var release = new TaskCompletionSource();
        var calls = 0;
        _bench.Store.BeforeAppend = _ => Interlocked.Increment(ref calls) == 1 ? release.Task : Task.CompletedTask;

        // The first attempt hangs and is given up; the second commits the same entry. Then the first wakes up and finds
        // the head moved.
        Assert.Null(await writer.AppendAsync(_bench.Draft(), default));
        release.SetResult();
        Assert.Null(await writer.AppendAsync(_bench.Draft(), default));
        await IntactAsync(Acme, 2);
    }

    [Fact]
    public async Task An_attempt_given_up_that_commits_before_the_next_is_found()
    {
        var writer = _bench.NewWriter(Patient with { AttemptTimeout = TimeSpan.FromMilliseconds(50) });
        var calls = 0;
        _bench.Store.AfterAppend = _ =>
            Interlocked.Increment(ref calls) == 1 ? new TaskCompletionSource().Task : Task.CompletedTask;
        Assert.Null(await writer.AppendAsync(_bench.Draft(), default));
        Assert.Null(await writer.AppendAsync(_bench.Draft(), default));
        await IntactAsync(Acme, 2);
    }

    [Fact]
    public async Task An_organization_the_store_cannot_take_does_not_take_the_others_down()
    {
        var writer = _bench.NewWriter(Patient with { AppendTimeout = TimeSpan.FromSeconds(1) });
        _bench.Store.BeforeAppend = groups =>
            groups.Any(g => g.Organization == Globex) ? throw new IOException("constraint") : Task.CompletedTask;
        var bad = Enumerable
            .Range(0, 5)
            .Select(_ => writer.AppendAsync(_bench.Draft(Globex), default).AsTask())
            .ToList();
        var good = Enumerable.Range(0, 50).Select(_ => writer.AppendAsync(_bench.Draft(), default).AsTask()).ToList();
        Assert.All(await Task.WhenAll(good), Assert.Null);
        Assert.All(await Task.WhenAll(bad), e => Assert.Equal(ErrorCatalogue.LedgerUnavailable, e!.Code));
        await IntactAsync(Acme, 50);
    }

    [Fact]
    public async Task The_queue_is_bounded_and_refuses_at_once()
    {
        var writer = _bench.NewWriter(Patient with { Capacity = 10 });
        var release = new TaskCompletionSource();
        _bench.Store.BeforeAppend = _ => release.Task;
        var tasks = Enumerable.Range(0, 10).Select(_ => writer.AppendAsync(_bench.Draft(), default).AsTask()).ToList();
        var refused = writer.AppendAsync(_bench.Draft(), default).AsTask();
        Assert.True(refused.IsCompleted);
        Assert.Equal(ErrorCatalogue.LedgerUnavailable, (await refused)!.Code);
        release.SetResult();
        Assert.All(await Task.WhenAll(tasks), Assert.Null);
        await IntactAsync(Acme, 10);
    }

    [Fact]
    public async Task The_same_event_appended_again_is_recognised()
    {
        var writer = _bench.NewWriter();
        var draft = _bench.Draft();
        Assert.All(
            await Task.WhenAll(
                writer.AppendAsync(draft, default).AsTask(),
                writer.AppendAsync(draft, default).AsTask()
            ),
            Assert.Null
        );
        Assert.Null(await writer.AppendAsync(draft, default));
        await IntactAsync(Acme, 1);
    }

    [Fact]
    public async Task Closing_writes_what_waits_and_takes_no_more()
    {
        var writer = _bench.NewWriter();
        var tasks = Enumerable.Range(0, 200).Select(_ => writer.AppendAsync(_bench.Draft(), default).AsTask()).ToList();
        await writer.DisposeAsync();
        Assert.All(await Task.WhenAll(tasks), Assert.Null);
        Assert.Equal(ErrorCatalogue.LedgerUnavailable, (await writer.AppendAsync(_bench.Draft(), default))!.Code);
        await IntactAsync(Acme, 200);
    }

    [Fact]
    public async Task Many_organizations_and_a_small_memory_for_heads()
    {
        var writer = _bench.NewWriter(Patient with { HeadsRemembered = 2, GroupLimit = 7 });
        var organizations = Enumerable
            .Range(0, 10)
            .Select(i => new OrganizationId($"org_01hzzzzzzzzzzzzzzzzzzzzzz{i}"))
            .ToList();
        var tasks = Enumerable
            .Range(0, 200)
            .Select(i => writer.AppendAsync(_bench.Draft(organizations[i % 10]), default).AsTask())
            .ToList();
        Assert.All(await Task.WhenAll(tasks), Assert.Null);
        foreach (var organization in organizations)
            await IntactAsync(organization, 20);
    }

    public ValueTask DisposeAsync() => _bench.CloseAsync();

    private async Task IntactAsync(OrganizationId organization, long entries)
    {
        var report = await new LedgerVerifier(_bench.Store).VerifyAsync(organization, null, default);
        Assert.Empty(report.Findings);
        Assert.Equal(entries, report.Entries);
    }
}
