using System.Collections;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Vault.TestKit;

/// <summary>
/// Polls until a condition holds. A wait that expires reports the result of its last poll. After a response that asks
/// for fewer requests (<see cref="IThrottled"/>) it waits as requested and does not evaluate the condition, so a rate
/// limit never fails a wait.
/// </summary>
public static class Eventually
{
    /// <summary>
    /// Ends a wait that would never succeed. It is much longer than a loaded machine needs, and no test depends on its
    /// length.
    /// </summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Polls until the condition holds, and returns the result of that poll.</summary>
    /// <param name="look">One poll, for example a request. An exception ends the wait.</param>
    /// <param name="met">The condition.</param>
    /// <param name="within">Null for <see cref="Deadline"/>.</param>
    /// <param name="pause">The time between two polls; null for 50 ms.</param>
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
            : throw Expired(awaited, wait.Took, $"{wait.Looks} polls, the last result: {Show(wait.Last)}");
    }

    /// <summary>Polls a condition that needs no asynchronous call.</summary>
    /// <param name="met">The condition.</param>
    /// <param name="seen">The state to report if the condition never holds.</param>
    /// <param name="within">Null for <see cref="Deadline"/>.</param>
    /// <param name="pause">The time between two polls; null for 50 ms.</param>
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
            throw Expired(awaited, wait.Took, $"{wait.Looks} polls, the last result: {Show(seen())}");
    }

    /// <summary>Awaits a task with the same deadline.</summary>
    /// <param name="task">For example a barrier that is reached or a process that exits.</param>
    /// <param name="seen">The state to report if the task does not complete.</param>
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
            throw Expired(awaited, Deadline, $"the last state: {Show(seen())}");
        }
    }

    /// <summary>Polls without throwing, for a campaign that reports an expired wait and continues.</summary>
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

            var retryAfter = (last as IThrottled)?.RetryAfter;
            if (retryAfter is null && met(last))
                return new Wait<T>(true, last, looks, watch.Elapsed);
            if (Left(limit, watch) is var left && left == TimeSpan.Zero)
                return new Wait<T>(false, last, looks, watch.Elapsed);
            var next = retryAfter ?? pause ?? ShortPause;
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

/// <summary>The result of a poll of a server that may ask for fewer requests.</summary>
public interface IThrottled
{
    /// <summary>The wait the server asks for; null for a normal response.</summary>
    TimeSpan? RetryAfter { get; }
}

/// <param name="Met">Whether the condition held.</param>
/// <param name="Last">The result of the last completed poll.</param>
/// <param name="Looks">The number of polls.</param>
/// <param name="Took">The time from the first poll to the end.</param>
public readonly record struct Wait<T>(bool Met, T? Last, int Looks, TimeSpan Took);
