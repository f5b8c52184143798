using Vault.Core.Concurrency;

namespace Vault.Core.Tests.Concurrency;

public sealed class SingleFlightTests
{
    private readonly SingleFlight<string, int> _flights = new();
    private readonly TaskCompletionSource<int> _work = new();
    private int _runs;

    [Fact]
    public async Task Concurrent_callers_for_one_key_share_one_run()
    {
        using var start = new Barrier(8);
        var callers = Enumerable
            .Range(0, 8)
            .Select(_ =>
                Task.Factory.StartNew(
                    () =>
                    {
                        start.SignalAndWait();
                        var result = JoinAsync("a", out var joined);
                        return (Result: result, Joined: joined);
                    },
                    default,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default
                )
            )
            .ToArray();
        var waiting = await Task.WhenAll(callers);
        _work.SetResult(7);
        Assert.Equal(1, _runs);
        Assert.Single(waiting, w => !w.Joined);
        Assert.All(await Task.WhenAll(waiting.Select(w => w.Result)), r => Assert.Equal(7, r));
    }

    [Fact]
    public void Other_keys_run_on_their_own()
    {
        _ = JoinAsync("a", out _);
        _ = JoinAsync("b", out var joined);
        Assert.Equal((2, false, 2), (_runs, joined, _flights.Underway.Count));
    }

    [Fact]
    public async Task The_work_begins_on_the_callers_thread_and_may_be_done_at_once()
    {
        var thread = 0;
        var result = _flights.JoinAsync(
            "a",
            () =>
            {
                thread = Environment.CurrentManagedThreadId;
                return Task.FromResult(7);
            },
            out _
        );
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        Assert.True(result.IsCompleted);
        Assert.Empty(_flights.Underway);
        Assert.Equal(7, await result);
    }

    /// <summary>A continuation that runs in the completion of the flight must already find the key free.</summary>
    [Fact]
    public async Task A_caller_that_has_seen_the_result_starts_a_new_run()
    {
        var first = JoinAsync("a", out _);
        var again = first.ContinueWith(
            _ =>
            {
                _ = _flights.JoinAsync("a", () => Task.FromResult(8), out var joined);
                return joined;
            },
            TaskContinuationOptions.ExecuteSynchronously
        );
        _work.SetResult(7);
        Assert.False(await again);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_exception_reaches_every_caller_and_is_not_kept(bool atOnce)
    {
        var first = _flights.JoinAsync(
            "a",
            atOnce ? () => throw new InvalidOperationException("broken") : () => _work.Task,
            out _
        );
        var second = atOnce ? first : JoinAsync("a", out _);
        if (!atOnce)
            _work.SetException(new InvalidOperationException("broken"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second);
        Assert.Equal(8, await _flights.JoinAsync("a", () => Task.FromResult(8), out _));
    }

    [Fact]
    public async Task A_caller_that_gives_up_fails_no_other_caller()
    {
        using var gaveUp = new CancellationTokenSource();
        var impatient = JoinAsync("a", out _).WaitAsync(gaveUp.Token);
        var other = JoinAsync("a", out _);
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        _work.SetResult(7);
        Assert.Equal(7, await other);
    }

    [Fact]
    public async Task A_later_flight_takes_the_later_callers_and_outlasts_the_end_of_the_earlier_one()
    {
        var early = _flights.Start("a", 1, () => _work.Task);
        var late = new TaskCompletionSource<int>();
        _flights.Start("a", 2, () => late.Task);
        Assert.Equal(2, _flights.Find("a")?.AsOf);
        _work.SetResult(7);
        Assert.Equal(7, await early.Result);
        var joined = JoinAsync("a", out var isJoined);
        late.SetResult(8);
        Assert.Equal((true, 8), (isJoined, await joined));
    }

    [Fact]
    public async Task A_flight_that_is_forgotten_still_answers_those_that_wait_for_it()
    {
        var waiting = JoinAsync("a", out _);
        _flights.Forget("a");
        Assert.Null(_flights.Find("a"));
        Assert.Equal(8, await _flights.JoinAsync("a", () => Task.FromResult(8), out _));
        _work.SetResult(7);
        Assert.Equal(7, await waiting);
    }

    private Task<int> JoinAsync(string key, out bool joined) =>
        _flights.JoinAsync(
            key,
            () =>
            {
                Interlocked.Increment(ref _runs);
                return _work.Task;
            },
            out joined
        );
}
