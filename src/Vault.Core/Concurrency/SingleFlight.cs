using System.Collections.Concurrent;

namespace Vault.Core.Concurrency;

/// <summary>
/// Concurrent callers for one key share one run of the work. The work takes no caller's cancellation: a caller that
/// gives up ends its own wait (<c>WaitAsync</c>) and fails no other caller. A flight leaves the table before it
/// completes, so a caller that has seen its result and asks again starts a new one.
/// </summary>
public sealed class SingleFlight<TKey, TResult>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Flight> _flights = new();

    /// <summary>One run of the work. <paramref name="AsOf"/> is the age of what it returns, given at its start.</summary>
    public sealed record Flight(long AsOf, Task<TResult> Result);

    /// <summary>The runs under way.</summary>
    public IReadOnlyCollection<Task> Underway => [.. _flights.Values.Select(f => f.Result)];

    /// <summary>The flight of the key that a new caller would join; null when there is none.</summary>
    public Flight? Find(TKey key) => _flights.TryGetValue(key, out var flight) ? flight : null;

    /// <summary>Joins the flight of the key, or starts one. The work begins on the caller's thread.</summary>
    public Task<TResult> JoinAsync(TKey key, Func<Task<TResult>> work, out bool joined)
    {
        joined = true;
        if (Find(key) is { } running)
            return running.Result;
        var result = NewResult();
        var mine = new Flight(0, result.Task);
        var flight = _flights.GetOrAdd(key, mine);
        joined = flight != mine;
        if (!joined)
            _ = RunAsync(key, mine, work, result);
        return flight.Result;
    }

    /// <summary>
    /// Starts a flight in any case. Later callers join this one; those that wait for an earlier one get its result.
    /// </summary>
    public Flight Start(TKey key, long asOf, Func<Task<TResult>> work)
    {
        var result = NewResult();
        var flight = new Flight(asOf, result.Task);
        _flights[key] = flight;
        _ = RunAsync(key, flight, work, result);
        return flight;
    }

    /// <summary>No later caller joins the flight under way; those that wait for it get its result.</summary>
    public void Forget(TKey key) => _flights.TryRemove(key, out _);

    private static TaskCompletionSource<TResult> NewResult() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync(TKey key, Flight flight, Func<Task<TResult>> work, TaskCompletionSource<TResult> result)
    {
        try
        {
            var value = await work().ConfigureAwait(false);
            Remove(key, flight);
            result.SetResult(value);
        }
#pragma warning disable CA1031 // Any exception is the result of the callers that wait.
        catch (Exception e)
        {
            Remove(key, flight);
            result.SetException(e);
        }
#pragma warning restore CA1031
    }

    // Only this flight: the key may have a later one.
    private void Remove(TKey key, Flight flight) => _flights.TryRemove(new KeyValuePair<TKey, Flight>(key, flight));
}
