using System.Collections;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Vault.TestKit;

/// <summary>
/// Waits for what happens by itself: looks, pauses and looks again. A wait that expires says what its last look saw. An
/// answer that asks for fewer requests (<see cref="IThrottled"/>) is waited out and never shown to the condition, so no
/// wait fails because it met a rate limit.
/// </summary>
public static class Eventually
{
    /// <summary>
    /// Only ends what will never be green. It is far beyond what a loaded machine needs, and no test relies on its
    /// length.
    /// </summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks until the condition holds, and returns what that look saw.</summary>
    /// <param name="look">One look, for example a request. What it throws ends the wait.</param>
    /// <param name="met">The condition.</param>
    /// <param name="within">Null for <see cref="Deadline"/>.</param>
    /// <param name="pause">Between two looks; null for 50 ms.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="awaited">The condition's source text.</param>
    /// <exception cref="TimeoutException">The condition did not hold in time.</exception>
    public static async Task<T> UntilAsync<T>(
        Func<Task<T>> look,
        Func<T, bool> met,
        TimeSpan? within = null,
        TimeSpan? pause = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(met))] string awaited = ""
    )
    {
        var wait = await TryUntilAsync(look, met, within, pause, cancellationToken);
        return wait.Met
            ? wait.Last!
            : throw Expired(awaited, wait.Took, $"{wait.Looks} looks, the last saw: {Show(wait.Last)}");
    }

    /// <summary>The same for what is seen without waiting.</summary>
    /// <param name="met">The condition.</param>
    /// <param name="seen">What to report when it never held.</param>
    /// <param name="within">Null for <see cref="Deadline"/>.</param>
    /// <param name="pause">Between two looks; null for 50 ms.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="awaited">The condition's source text.</param>
    public static async Task UntilAsync(
        Func<bool> met,
        Func<object?> seen,
        TimeSpan? within = null,
        TimeSpan? pause = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(met))] string awaited = ""
    )
    {
        var wait = await TryUntilAsync(() => Task.FromResult(met()), holds => holds, within, pause, cancellationToken);
        if (!wait.Met)
            throw Expired(awaited, wait.Took, $"{wait.Looks} looks, the last saw: {Show(seen())}");
    }

    /// <summary>Awaits what reports its own end, with the same deadline.</summary>
    /// <param name="task">For example a gate that is reached, or a process that exits.</param>
    /// <param name="seen">What to report when it never ended.</param>
    /// <param name="awaited">The task's source text.</param>
    public static async Task<T> DoneAsync<T>(
        Task<T> task,
        Func<object?> seen,
        [CallerArgumentExpression(nameof(task))] string awaited = ""
    )
    {
        await DoneAsync((Task)task, seen, awaited);
        return await task;
    }

    /// <inheritdoc cref="DoneAsync{T}"/>
    public static async Task DoneAsync(
        Task task,
        Func<object?> seen,
        [CallerArgumentExpression(nameof(task))] string awaited = ""
    )
    {
        try
        {
            await task.WaitAsync(Deadline);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw Expired(awaited, Deadline, $"the last that was seen: {Show(seen())}");
        }
    }

    /// <summary>For a campaign that reports what did not happen and goes on.</summary>
    public static async Task<Wait<T>> TryUntilAsync<T>(
        Func<Task<T>> look,
        Func<T, bool> met,
        TimeSpan? within = null,
        TimeSpan? pause = null,
        CancellationToken cancellationToken = default
    )
    {
        var (limit, watch) = (within ?? Deadline, Stopwatch.StartNew());
        T? last = default;
        for (var looks = 1; ; looks++)
        {
            var looking = look();
            try
            {
                last = await looking.WaitAsync(Left(limit, watch), cancellationToken);
            }
            catch (TimeoutException) when (!looking.IsCompleted)
            {
                return new Wait<T>(false, last, looks, watch.Elapsed);
            }

            var asked = (last as IThrottled)?.RetryAfter;
            if (asked is null && met(last))
                return new Wait<T>(true, last, looks, watch.Elapsed);
            if (Left(limit, watch) is var left && left == TimeSpan.Zero)
                return new Wait<T>(false, last, looks, watch.Elapsed);
            var next = asked ?? pause ?? ShortPause;
            await Task.Delay(next < left ? next : left, cancellationToken);
        }
    }

    private static TimeSpan Left(TimeSpan limit, Stopwatch watch) =>
        limit > watch.Elapsed ? limit - watch.Elapsed : TimeSpan.Zero;

    private static TimeoutException Expired(string awaited, TimeSpan took, string seen) =>
        new($"Not within {took.TotalSeconds:0} s: {awaited}. {seen}");

    private static string Show(object? seen) =>
        seen switch
        {
            null => "nothing",
            string text => text,
            IEnumerable several => $"[{string.Join(", ", several.Cast<object?>().Select(Show))}]",
            _ => seen.ToString() ?? "nothing",
        };
}

/// <summary>What a look brings back from a server that may ask for fewer requests.</summary>
public interface IThrottled
{
    /// <summary>How long the server asks to be left alone; null for an answer.</summary>
    TimeSpan? RetryAfter { get; }
}

/// <param name="Met">Whether the condition held.</param>
/// <param name="Last">What the last look saw that came back.</param>
/// <param name="Looks">How many there were.</param>
/// <param name="Took">From the first look to the end.</param>
public readonly record struct Wait<T>(bool Met, T? Last, int Looks, TimeSpan Took);
